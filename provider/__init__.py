"""The estate's own provider: things with an API of their own, whose drift shows by name.

Thin: types, check, comparison. What reaches a host is in steps/.
"""
