"""Who asks, who could help, who is told: the dispatch service without its web pages."""
