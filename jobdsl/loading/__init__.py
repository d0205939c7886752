"""From DSL files to definitions: processes without credentials, and what they send back."""
