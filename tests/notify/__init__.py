"""Telling phones that sleep."""
