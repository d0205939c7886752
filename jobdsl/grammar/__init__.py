"""Jenkins' own grammars, exactly: names, label expressions, cron."""
