"""(docstring to be written by the room's first tenant)"""
