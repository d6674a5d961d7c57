"""Planning: the frozen plan of a batch, its rows, its digest, its due dates and its request bodies.

What a manager reviews is made here, byte for byte as it will be sent. Putting a draft together
does not belong here (`picking/`), nor does releasing a plan (`submitting/`). Calls no other folder
but `redaction`.
"""
