"""Learn, judge, record."""
