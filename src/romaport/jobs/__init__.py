"""Jobs: their states, their truth in the ledger, and what runs them."""

from romaport.jobs.courtesy import Courtesy
from romaport.jobs.engine import Engine
from romaport.jobs.engine_distributed import DistributedEngine
from romaport.jobs.engine_embedded import EmbeddedEngine
from romaport.jobs.job import Archive, Finding, Item, Job, Outcome, Owner, Severity
from romaport.jobs.ledger import Fenced, JobOptions, Ledger
from romaport.jobs.runner import Checkpoint, JobContext, JobStory, Runner, Stopped
from romaport.jobs.states import MOVES, JobType, State, can_move
from romaport.jobs.watch import Answers

__all__ = [
    "MOVES",
    "Answers",
    "Archive",
    "Checkpoint",
    "Courtesy",
    "DistributedEngine",
    "EmbeddedEngine",
    "Engine",
    "Fenced",
    "Finding",
    "Item",
    "Job",
    "JobContext",
    "JobOptions",
    "JobStory",
    "JobType",
    "Ledger",
    "Outcome",
    "Owner",
    "Runner",
    "Severity",
    "State",
    "Stopped",
    "can_move",
]
