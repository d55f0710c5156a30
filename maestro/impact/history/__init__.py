"""What tests did in past builds, as columns: read from CSV, JUnit XML folders and a forge's check runs.

Every importer promises: a bad row is counted, named and left out, never fatal; the same input gives the same history;
a file that is mostly bad, or no such file at all, is refused with the field and the fix.
"""
