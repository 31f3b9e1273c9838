"""What the lines of a file are checked for and counted as, on the way in and out.

Nothing here reads S3 or knows an engine; the report of a rejected file is written here too.
"""
