"""What people write in files: the topology of a stack and the settings of a conducted repository.

Reading either gives a frozen, checked value or one ``BadInput`` that names file, line, field and fix; nothing is
started from a file that is half understood.
"""
