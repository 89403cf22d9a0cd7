@echo off
rem The nightly sync for Windows Task Scheduler; docs/schedule.md says how to set it up.
rem The task's "last run result" is the exit code of rostersync; what it says goes to rostersync.log.
cd /d C:\rostersync\district
C:\rostersync\venv\Scripts\python.exe C:\rostersync\backup.py state.db backups >> rostersync.log 2>&1
if errorlevel 1 exit /b 1
C:\rostersync\venv\Scripts\rostersync.exe --quiet sync >> rostersync.log 2>&1
exit /b %errorlevel%
