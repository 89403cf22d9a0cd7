"""The commands, a module per group: each reads its arguments, calls a part of the program, prints the result.

What a command needs is imported inside it, so that `rostersync --help` answers at once.
"""
