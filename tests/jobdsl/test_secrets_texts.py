"""Secrets in the middle of texts: what is taken out of them, and what stays."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobdsl.secrets.names import ends_secret, harmless, names_secret
from jobdsl.secrets.texts import secrets_in

KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEA0\nabc=\n-----END RSA PRIVATE KEY-----"


def shown(text: str, **options: Any) -> str:
    """The text with each secret in «»."""
    for start, end, _ in reversed(secrets_in(text, **options)):
        text = f"{text[:start]}«{text[start:end]}»{text[end:]}"
    return text


@pytest.mark.parametrize(
    "marked",
    [
        # logins of commands
        "npm login --auth=«hunter2x»",
        "npm login -u bob -p «hunter2» -e a@b.c",
        "npm login --registry https://r.example --_auth «aHVudGVyMg==»",
        "npm config set _auth «aHVudGVyMg==»",
        "npm config set _auth=«aHVudGVyMg==»",
        "npm config set -- '//r.example/:_password' \"«hunter2»\"",
        "yarn config set npmAuthToken «hunter2»",
        "npm-cli-login -u bob -p «hunter2» -e a@b.c",
        "ftp -n host <<EOF\nuser bob «hunter2»\nput x\nEOF",
        "ftp -n host <<-'EOF'\n\tUSER bob «hunter2»\r\n\tput x\nEOF",
        "ftp -inv $HOST <<END\nquote USER bob\nquote PASS «hunter2»\nquit\nEND",
        "echo 'user bob «hunter2»' | ftp -n host",
        "printf 'open host\\nuser bob «hunter2»\\nput x' | ftp -n",
        "db2 connect to X user Y using «hunter2»",
        'db2 "connect to X user Y using «hunter2»"',
        "db2 ATTACH TO n USER Y USING '«hunter2»'",
        "sftp bob:«hunter2»@host",
        "ftp bob:«hunter2»@host:21",
        "scp -r out bob:«hunter2»@host:/srv .",
        "ssh bob:«hunter2»@host ls",
        # assignments
        "export TOKEN=«abc»def\n".replace("»def", "»"),
        "export API_TOKEN=«s3cr3t»; make",
        "DB_PASSWORD='«two words»' ./run.sh",
        'DB_PASSWORD="«two words»" ./run.sh',
        "PASSWORD=«a\"b c\"d»\n",
        "$password = '«hunter2»';",
        '$env:API_KEY = "«hunter2»"',
        "String dbPassword = \"«hunter2»\";",
        "mvn deploy -Dpassword=«hunter2» -B",
        'ant "-Dpassword=«hun ter&2»" -Dx=y',
        "gradle -PapiKey=«abcd1234» build",
        "msbuild /p:Password=«hunter2» x.sln",
        "docker run -e MEDIAWIKI_PASSWORD=«hunter2» -e A=b image",
        "docker build --build-arg NPM_TOKEN=«abcd1234» .",
        "kubectl create secret generic x --from-literal=password=«hunter2»",
        "sh \"curl 'https://x.example/?a=1&token=«abc123»&b=2'\"",
        "curl --data 'username=test&password=«hunter2»' x",
        "Server=db;User Id=sa;Password=«hunter2»;Encrypt=yes",
        '{"user": "bot", "password": "«hunter2»"}',
        "echo '{\"apiKey\":\"«hunter2»\"}'",
        'sh "curl -d \'{\\"token\\": \\"«hunter2»\\"}\' https://x"',
        "sh 'make', password: '«hunter2»', x: 1",
        ":password => '«hunter2»',",
        "os.environ['API_TOKEN'] = '«hunter2»'",
        "set PASSWORD=«two words»\r\necho",
        '@set "DB_PASSWORD=«hunter2»"',
        "setx API_TOKEN «hunter2»",
        "PASS=${PASS:-«x»}".replace("${PASS:-«x»}", "«${PASS:-hunter2}»"),
        "user: bot\npassword: «hunter2»\n",
        "[client]\npassword = «hunter2»\n",
        "# Admin password: «hunter2»\n",
        "- name: DB_PASSWORD\n  value: «hunter2»\n",
        '{"name":"DB_PASSWORD","value":"«hunter2»"}',
        "string(name: 'API_TOKEN', defaultValue: '«hunter2»', description: 'x')",
        "password(name: 'PASSWORD', defaultValue: '«SECRET»', description: 'Enter a password')",
        "authenticationToken('«hunter2»')",
        'job.setPassword("«hunter2»")',
        'System.setProperty("javax.net.ssl.keyStorePassword", "«changeit»")',
        "<server><password>«hunter2»</password></server>",
        '<repository username="x" password="«hunter2»"/>',
        "AWS_SECRET_ACCESS_KEY=«/JalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY12»",
        "DefaultEndpointsProtocol=https;AccountName=x;AccountKey=«abcd1234==»;EndpointSuffix=y",
        # options
        "svn co --username cibuild --password «hunter2» --non-interactive",
        "tool --token «abcd1234» x",
        "tool --api-key=«abcd1234» x",
        "wget --http-user=admin --http-password=«hunter2» x",
        "jarsigner -storepass «hunter2» -keypass «hunter3» x.jar alias",
        "gpg --batch --passphrase '«hunter2»' -d x",
        "deploy.exe /password:«hunter2» /x",
        "apksigner sign --ks-pass pass:«hunter2» x.apk",
        # commands
        "sshpass -p «hunter2» ssh host",
        "sshpass -p'«hunter2»' ssh host",
        'sshpass -p "«hunter2»" scp a b',
        "curl -u admin:«hunter2» https://x",
        "curl -s -X POST -u 'admin:«hunter2»' https://x",
        "curl --user admin:«hunter2» https://x",
        "curl \\\n  -u bot:«hunter2» \\\n  https://x",
        "java -jar jenkins-cli.jar -auth admin:«hunter2» build x",
        "curl -H 'Authorization: Bearer «abcd1234»' x",
        'curl -H "Authorization: Basic «YWRtaW46aHVudGVyMg==»" x',
        'curl -H "PRIVATE-TOKEN: «abcd1234»" x',
        "curl -H 'X-Api-Key: «abcd1234»' x",
        "customHeaders: [[name: 'Authorization', value: '«Bearer abcd1234»']]",
        "docker login -u bot -p «hunter2» registry",
        "mysqldump -u root -p«hunter2» --all-databases | gzip",
        "echo «hunter2» | sudo -S make install",
        "echo '«hunter2»' | docker login -u bot --password-stdin",
        "echo 'root:«x»' | chpasswd".replace("root:«x»", "«root:hunter2»"),
        "security unlock-keychain -p «hunter2» login.keychain",
        "net use Z: \\\\host\\share «hunter2» /user:bot",
        "net use \\\\host\\share /user:bot «hunter2»",
        "net use \\\\host\\share /USER:bot «hunter2» /persistent:no",
        "machine x.example login bot password «hunter2»",
        'ConvertTo-SecureString "«hunter2»" -AsPlainText -Force',
        "aws configure set aws_secret_access_key «abcd1234»",
        "sqlplus scott/«tiger@db» @x.sql",
        # addresses
        "git clone https://bot:«hunter2»@git.example.com/x.git",
        "git clone https://bot:«hun@ter2»@git.example.com/x.git",
        "git clone https://«0123456789abcdef0123456789abcdef01234567»@github.com/x/y",
        "postgresql://foo:«bar»@localhost/db-${x}",
        "jdbc:oracle:thin:scott/«tiger»@//db:1521/x",
        "jdbc:mysql://db/x?user=a&password=«hunter2»",
        "https://hooks.slack.com/services/«T00000000/B00000000/XXXXabcdXXXX»",
        "https://acme.webhook.office.com/webhookb2/«1a2b@3c4d/IncomingWebhook/5e6f/7g8h»",
        "https://outlook.office.com/webhook/«1a2b@3c4d/IncomingWebhook/5e6f/7g8h»",
        "https://discord.com/api/webhooks/«123456/abcDEF-ghi_789»",
        "https://discordapp.com/api/webhooks/«123456/abcDEF-ghi_789»?wait=true",
        "https://webhooks.gitter.im/e/«4b9bad5cec79c3e65b89»",
        "https://chat.googleapis.com/v1/spaces/x/messages?key=«AIzaSyDdI0hCZtE6vySjMm-WEfRq3CPzqKqqsHI»&token=«abc%3D»",
        "https://x.logic.azure.com/workflows/y/triggers/z?sp=a&sig=«abcdefghijklmnopqrstuvwxyz»",
        "https://chat.example.com/hooks/«6xk1y9p3z7n5q8w2e4r6t8y0ui»",
        "https://ci.example.com/job/x/build?token=«abc123»",
        # forms
        "key «AKIAIOSFODNN7EXAMPLE» here",
        f"cat > k <<E\n«{KEY}»\nE\n",
        "cat > k <<E\n«-----BEGIN OPENSSH PRIVATE KEY-----\nabc»".replace("abc»", "abc\n»"),
        "x «ghp_0123456789abcdefghijABCDEFGHIJ012345» y",
        "x «glpat-0123456789abcdefghij» y",
        "x «xoxb-0123456789-abcdefghij» y",
        "«eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N»",
        "x «110123456789abcdef0123456789abcdef» y",
    ],
)  # fmt: skip
def test_what_is_taken_out(marked: str) -> None:
    assert shown(marked.replace("«", "").replace("»", "")) == marked


@pytest.mark.parametrize(
    "text",
    [
        "npm login", "npm config set registry https://x", "npm login --registry https://x", "db2 connect to X user Y using $PW",
        "db2 connect to X user Y", "ftp -n host <<EOF\nuser $U $P\nEOF", "ftp -n h <<EOF\nuser anonymous me@x.example\nEOF",
        "ftp: each user has one", "sftp bob@host", "scp a.txt bob@host:/x", "scp host:file bob@other:/x", "sftp bob:$PW@host",
        "", "make", "a ${jobdsl:secret:x} b", "TOKEN=${jobdsl:secret:x/TOKEN}", "curl -u a:${jobdsl:secret:x y} z", "export TOKEN=", 'export TOKEN=""', "export TOKEN=$OTHER", "export TOKEN=${OTHER}",
        'export TOKEN="${OTHER:-$THIRD}"', "TOKEN=$(cat /run/token)", "echo token=${TOKEN:-none}", "TOKEN=`cat token`", "set TOKEN=%OTHER%",
        "TOKEN=REDACTED", "PASSWORD=xxxxx", "PASSWORD=********", "password: ${{ secrets.TOKEN }}",
        "passwordVariable: 'PASSWORD'", "credentialsId: 'deploy-token'", "withCredentials([string(credentialsId: 'x', variable: 'TOKEN')])",
        "environment { TOKEN = credentials('deploy-token') }", "def token = readFile('token.txt')", "token: token,",
        "foo(\n  user: user,\n  password: password\n)\nnode { }", "password: env.PASSWORD", "PASSWORD = params.PASSWORD",
        "docker login -u bot --password-stdin", "docker build --secret id=npm,src=.npmrc .", "ansible-playbook --ask-pass site.yml",
        "docker run -u 1000:1000 -p 8080:80 x", "docker run -p 80:80 registry", "mkdir -p a/b", "ssh -p 2222 host", "mysql -u root -p < x.sql",
        "git clone https://git.example.com/x.git", "ssh://git@git.example.com/x.git", "git@github.com:x/y.git", "https://bot@x.example/y",
        "https://${USER}:${PASSWORD}@x.example/", "https://bot:$TOKEN@github.com/x", "vi://$U:$P@$IP",
        "https://gitlab.example/devel/swh-webhooks.git", "https://ci.example.com/github-webhook/", "https://api.github.com/repos/x/y/hooks/12345",
        "https://x.example/?key=abc", 'for /f "tokens=3" %%i in (x) do echo', "RTD_TOKEN: The token of Read the Docs",
        "ssh_askpass: exec(/usr/bin/ssh-askpass)", 'PWD=$(pwd)"', "docker run -v $PWD:/src x", "OLDPWD=/srv/x", "bypass=1234567",
        "PASS=0", "TOKEN_FILE=/run/secrets/token", "PASSWORD_LENGTH=1234567", "SSH_KEY=~/.ssh/id_rsa", 'echo "token: $TOKEN"',
        'if [ "$PASSWORD" == "" ]; then', "sha256sum 2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
        "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----", "-----BEGIN PGP PUBLIC KEY BLOCK-----",
        "curl -u $USER:$TOKEN https://x", "curl -u ${USER}:${TOKEN} https://x", 'curl -H "Authorization: Bearer $TOKEN" x',
        "echo $TOKEN | docker login --password-stdin", "sshpass -p $PASS ssh x", "sshpass -e ssh x", 'sh "tool --token=${env.TOKEN}"',
        "s/ROOTPWD=.*/ROOTPWD=${DB_ROOT_PWD}/g", "//registry.npmjs.org/:_authToken=${NPM_TOKEN}", "curl https://x/?token=$TOKEN",
        "  --password TEXT   Password of the user", 'usage "--token [t]"', "SSH_KEY=production", "$Password=$env:RM_PASSWORD",
        "customHeaders: [[name: 'Authorization', value: \"Bearer $TOKEN\"]]", '-H "Authorization: ApiToken ${TOKEN}"',
        '"ssh_askpass: exec(/usr/bin/ssh-askpass): No such file"', "x/source-secret-match-uri-1=*://*/*", "-Dpassword=REDACTED& x",
        "chown -R jenkins:jenkins .", "rsync -a user:dir .", "npm config set //r/:_authToken $TOKEN",
    ],
)  # fmt: skip
def test_what_is_no_secret_stays(text: str) -> None:
    assert shown(text) == text


def test_a_property_is_all_of_its_line() -> None:
    text = "A=b\nDB_PASSWORD=«a;b & c d»\napi.token: «x y z»\nTOKEN_FILE=/x\n TOKEN = «x»z".replace(
        "«x»z", "«abcd»"
    )
    assert shown(text.replace("«", "").replace("»", ""), properties=True) == text


@pytest.mark.parametrize(
    "name",
    ["password", "DB_PASSWORD", "dbPassword", "ROOTPWD", "token", "api-token", "apiKey", "API_KEY", "APIKey", "SECRET",
     "my.secret.value", "accessKey", "aws_secret_access_key", "privateKey", "sshPassphrase", "scmbuildpass", "GITHUB_PAT",
     "PASSWORD_PROD", "TOKEN_2", "passWord", "数据库密码", "keyPass", "OAuthToken"],
)  # fmt: skip
def test_names_of_secrets(name: str) -> None:
    assert names_secret(name)


@pytest.mark.parametrize(
    "name",
    ["", "_", "key", "KEY", "projectKey", "publicKey", "credentialsId", "tokenCredentialId", "passwordVariable", "TOKEN_FILE",
     "SECRET_NAME", "maxTokens", "replaceTokens", "passThreshold", "bypass", "compass", "pat", "path", "PASSWORD_LENGTH",
     "AWS_ACCESS_KEY_ID", "secrets", "author", "keystore", "monkey", "VAULT_SECRET_PATH"],
)  # fmt: skip
def test_names_of_other_things(name: str) -> None:
    assert not names_secret(name)


def test_tags_are_secrets_by_their_end() -> None:
    assert all(
        map(
            ends_secret,
            ["keychainPwd", "secretText", "plainPassword", "authToken", "passwordValue", "token2"],
        )
    )
    assert not any(
        map(
            ends_secret,
            ["tokenMacro", "passwordParameter", "credentialsId", "text", "value", "replaceTokens"],
        )
    )


@pytest.mark.parametrize(
    "value", ["{hunter2}", "{AQAA}", "${X:-hunter2}", "$", "hunter2$X", "a" * 30, "pa$$word", "xx"]
)
def test_values_that_only_look_harmless(value: str) -> None:
    assert not harmless(value)


PIECES = st.sampled_from(
    ["token", "PASSWORD", "https://", "-p ", "curl -u ", "echo ", *"ab1 =:'\"\\\n$-/&?@{}()<>;,|"]
)


@given(text=st.lists(PIECES, max_size=40).map("".join))
def test_spans_are_in_order_and_inside(text: str) -> None:
    end = 0
    for start, stop, name in secrets_in(text, properties=True):
        assert end <= start < stop <= len(text)
        assert name
        end = stop


@pytest.mark.parametrize(
    "piece",
    ["a-", "token=", "token=$a=", "docker ", "curl -u ", "password: ", "https://", "a://b:", "<token>", "echo ", "'", '"token":',
     "-----BEGIN PRIVATE KEY-----", "$(", "${", "A1b2", "set token", "name: token\n", "AKIA", "eyJ", "hooks/", " ", "\\", "put('token',"],
)  # fmt: skip
def test_long_texts_of_strangers_are_no_trouble(piece: str) -> None:
    secrets_in(piece * (200_000 // len(piece)), properties=True)
