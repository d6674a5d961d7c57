"""Planning: the frozen plan of a batch, its rows, its digest, its due dates and its request bodies.

It makes what a manager reviews, byte for byte as it will be sent. Editing a draft belongs in
`picking/`, submitting and releasing a plan in `submitting/`. May call `audit/` and no other folder
of services.
"""
