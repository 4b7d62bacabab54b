"""STAND-IN by the lead: the owner replaces it whole."""


def rebuild(*, now, as_of=None, progress=None, **kw):
    return 0
