from jobdsl import pipeline, triggers

pipeline("x", parameters=[triggers.cron("@daily")], script="x")  # error
