"""
How good the lists are, told by what viewers liked afterwards: `manage.py evaluate`.

    reading  ->  splits  ->  scratch  ->  lists  ->  metrics, comparison  ->  report, chart
    (a file)     (what is    (a database  (by the     (pure numbers)          (table, files)
                 held out)    of its own)  path that serves)

What is held out is never written anywhere that the engine could read: the scratch database is made from the training
part alone, and the held-out part meets the finished lists in memory.
"""
