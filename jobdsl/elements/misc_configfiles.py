"""Files a folder provides to its jobs: settings of Maven, properties, scripts, any text."""

from __future__ import annotations

from typing import Any

from jobdsl.elements.fields import children, credentials_id, flag, text
from jobdsl.elements.slots import Misc

__all__ = [
    "ConfigFile",
    "custom_file",
    "custom_file_credential",
    "groovy_file",
    "json_file",
    "maven_global_settings_file",
    "maven_server_credential",
    "maven_settings_file",
    "maven_toolchains_file",
    "properties_file",
    "properties_file_credential",
    "xml_file",
]

_PLUGIN = "config-file-provider"
_P = "org.jenkinsci.plugins.configfiles."


class ConfigFile(Misc):
    """A file of a folder; jobs name it by its id."""

    slot = "a file of a folder (misc.custom_file, misc.maven_settings_file, ...)"

    id: str = text(first=True)
    name: str = text(default="")
    comment: str | None = text(default="")
    content: str = text(default="", first=True)


class custom_file_credential(Misc, xml=_P + "custom.security.CustomizedCredentialMapping", plugin=_PLUGIN):
    """A credential that takes the place of a token in a file."""

    token: str = text("tokenKey", first=True)
    credentials: str = credentials_id("credentialsId", first=True)


class custom_file(ConfigFile, xml=_P + "custom.CustomConfig", plugin=_PLUGIN):
    """Any text."""

    provider: str | None = text("providerId", default=_P + "custom.CustomConfig$CustomConfigProvider")
    credentials: Any = children("customizedCredentialMappings", accepts=custom_file_credential, default=None)


class groovy_file(ConfigFile, xml=_P + "groovy.GroovyScript", plugin=_PLUGIN):
    """A Groovy script."""

    provider: str | None = text("providerId", default=_P + "groovy.GroovyScript$GroovyConfigProvider")


class json_file(ConfigFile, xml=_P + "json.JsonConfig", plugin=_PLUGIN):
    """JSON."""

    provider: str | None = text("providerId", default=_P + "json.JsonConfig$JsonConfigProvider")


class xml_file(ConfigFile, xml=_P + "xml.XmlConfig", plugin=_PLUGIN):
    """XML."""

    provider: str | None = text("providerId", default=_P + "xml.XmlConfig$XmlConfigProvider")


class maven_server_credential(Misc, xml=_P + "maven.security.ServerCredentialMapping", plugin=_PLUGIN):
    """A credential for a server of Maven's settings."""

    server: str = text("serverId", first=True)
    credentials: str = credentials_id("credentialsId", first=True)


class _MavenSettings(ConfigFile):
    """What settings of Maven have."""

    credentials: Any = children("serverCredentialMappings", accepts=maven_server_credential)
    replace_all: bool | None = flag("isReplaceAll", default=True)


class maven_settings_file(_MavenSettings, xml=_P + "maven.MavenSettingsConfig", plugin=_PLUGIN):
    """Maven's settings.xml."""

    order = "id name comment content providerId serverCredentialMappings isReplaceAll"

    provider: str | None = text(
        "providerId", default=_P + "maven.MavenSettingsConfig$MavenSettingsConfigProvider"
    )


class maven_global_settings_file(_MavenSettings, xml=_P + "maven.GlobalMavenSettingsConfig", plugin=_PLUGIN):
    """Maven's global settings.xml."""

    order = "id name comment content providerId serverCredentialMappings isReplaceAll"

    provider: str | None = text(
        "providerId", default=_P + "maven.GlobalMavenSettingsConfig$GlobalMavenSettingsConfigProvider"
    )


class maven_toolchains_file(ConfigFile, xml=_P + "maven.MavenToolchainsConfig", plugin=_PLUGIN):
    """Maven's toolchains.xml."""

    provider: str | None = text(
        "providerId", default=_P + "maven.MavenToolchainsConfig$MavenToolchainsConfigProvider"
    )


class properties_file_credential(
    Misc, xml=_P + "properties.security.PropertiesCredentialMapping", plugin=_PLUGIN
):
    """A credential that is the value of a property."""

    key: str = text("propertyKey", first=True)
    credentials: str = credentials_id("credentialsId", first=True)


class properties_file(ConfigFile, xml=_P + "properties.PropertiesConfig", plugin=_PLUGIN):
    """Properties of Java."""

    provider: str | None = text(
        "providerId", default=_P + "properties.PropertiesConfig$PropertiesConfigProvider"
    )
    credentials: Any = children("propertiesCredentialMappings", accepts=properties_file_credential)
    replace_all: bool | None = flag("isReplaceAll", default=True)
