"""What is put right between a parsed event and its row, once, over all events of an import.

Holds, in the order in which they run: devices and times, connections (own addresses, orientation, the clock of network
events), processes, duplicates. Takes staged events; gives events with device, time and acting process settled, and what
the report says of it. May import mappings' kinds.
"""
