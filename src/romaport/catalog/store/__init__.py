"""The catalog's own tables: assets, what they refer to, and packages on their way in."""
