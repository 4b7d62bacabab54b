"""STAND-IN by the lead so that the tree imports: the helper who owns this file replaces it whole."""


def record_exposure(*, user_id, now):
    return None
