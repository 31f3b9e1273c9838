"""The command line: what each verb is called, what it takes, what it prints and ends with.

What a verb does stands in the other rooms, which print nothing themselves. Large libraries are
imported where a verb needs them, so that help and completion answer at once.
"""
