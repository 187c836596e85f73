"""Rows of domains, projects, instances, users, grants, keys and tokens; the only SQL of this package."""
