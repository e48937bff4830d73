"""The checks that stop a training, and the acknowledgement of a failed one."""
