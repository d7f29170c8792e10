"""The one runtime for background work: jobs of the store on durable queues, and what is done periodically.

It knows no kind of job. `jobs.handler` says what a handler of one looks like; handlers live with their
subject.
"""
