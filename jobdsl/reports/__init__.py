"""Plans and findings as text, JSON, Markdown, HTML and JUnit."""
