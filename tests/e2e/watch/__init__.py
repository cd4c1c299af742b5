"""What the template's alarms and dashboard make of simulated days.

`definitions` reads both from the template, `metrics` keeps what a day wrote, `expressions` computes metric math,
`alarms` decides when an alarm fires, `days` simulates, `report` writes the runbook's table and `picture` its picture.
Only what the template uses is here; anything else raises an error.
"""
