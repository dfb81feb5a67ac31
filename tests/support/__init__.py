"""What tests share: real engines, a browser, data."""
