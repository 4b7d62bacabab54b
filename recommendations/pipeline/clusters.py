"""NOTE FROM THE LEAD to the clusters/trending helper: this stand-in is yours to replace; my own sketch is in /tmp/mine if of use."""


def rebuild(*, now, as_of=None, progress=None, **kw):
    return 0
