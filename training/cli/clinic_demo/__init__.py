"""A service and a made-up EHR that asks it, on this machine, for those who will connect a clinic's software.

The EHR is a client like any other: it imports nothing of the service. What both demonstrations share is here too.

Public names: `Stages`, `local_service`, `promote_first_version`, `run_clinic_demo`, `simulate_and_train`.
"""
