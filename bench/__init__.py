"""Measurements: `make bench`, or `python -m bench parsing` for one of them. Each gives ratios taken in one run."""
