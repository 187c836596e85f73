"""Everything that can be refused, in one catalogue.

    RomaportError
    ├── requests    BodyInvalid ParameterInvalid BodyMissing BodyTooLarge RouteMissing MethodRefused
    │               RequestsTooMany
    ├── auth        CredentialsWrong PermissionMissing ProjectForeign RoleMissing NameTaken ThingMissing
    ├── instances   InstanceMissing
    ├── assets      AssetMissing AssetsMissing AssetNameTaken AppNameTaken AppKeyTaken ReferenceMissing
    │               AssetInUse SelectionEmpty SelectionTooLarge ImportContradictory QuotaReached
    │               TaskUnknown RunImpossible StopImpossible ConnectionImpossible
    ├── link        LinkParametersInvalid LinkBodyMissing LinkResourceMissing LinkInstanceMissing
    ├── APIs        ApiGroupMissing ApiGroupNameTaken ApiGroupUsed ApiMissing ApiNameTaken ApiDefinitionTaken
    │               ApiPublished EnvironmentMissing EnvironmentNameTaken EnvironmentUsed EnvironmentBuiltIn
    │               PublicationMissing
    ├── jobs        JobMissing JobRunning JobMoveRefused JobAttemptsSpent RollbackRefused AssetChanged
    │               PlanRefused PlanOutdated
    ├── archives    ArchiveMissing ArchiveTaken ArchiveExpired RangeRefused
    ├── packages    PackageNameWrong PackageUnreadable PackageTooLarge PackageVersionUnknown
    │               PackageSecretFound AssetInvalid ValueUnmatched ValueInvalid
    ├── storage     StoreUnavailable SettingInvalid MoveRefused
    ├── client      Refused Unreachable AnswerUnreadable DownloadBroken
    └── internal    InternalError

An error says what is the case; it knows nothing of HTTP. `code` is the published one where the
contract defines it (contract 3.2, 3.3), else one of ours with the prefix `ROMAPORT.`; codes are
never reused. `message` is the sentence a caller sees and may contain declared fields only;
`details` names the field and the rule. `docs/reference/errors.md` is generated from this file.
"""

from enum import Enum
from typing import Any, ClassVar, dataclass_transform

__all__ = ["Fault", "RomaportError", "catalogue"]


class Fault(Enum):
    """What kind of thing went wrong, in the core's own words."""

    INVALID = "invalid"
    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    MISSING = "missing"
    GONE = "gone"
    CONFLICT = "conflict"
    TOO_LARGE = "too large"
    TOO_MANY = "too many"
    RANGE = "range"
    METHOD = "method"
    UNAVAILABLE = "unavailable"
    INTERNAL = "internal"


@dataclass_transform(kw_only_default=True)
class RomaportError(Exception):
    """Anything romaport refuses or cannot do; every subclass declares its code, its sentence and its fields.

    Fields are given by name. What makes them is written here once: dataclasses would write a constructor for each
    error at every start, which took longer than all else that `--help` imports of ours.
    """

    code: ClassVar[str]
    fault: ClassVar[Fault]
    message: ClassVar[str]
    details: ClassVar[str] = "{sentence}"
    advice: ClassVar[str] = ""
    """What to do about it, for those that can be findings of a job."""
    fields: ClassVar[tuple[str, ...]] = ()
    """The names of what an error of this kind tells."""

    def __init_subclass__(cls) -> None:
        cls.fields = tuple(dict.fromkeys((*cls.fields, *cls.__annotations__)))

    def __init__(self, **values: object) -> None:
        super().__init__()
        for name in self.fields:
            if name in values:
                setattr(self, name, values.pop(name))
            elif not hasattr(type(self), name):
                raise TypeError(f"{type(self).__name__} is told its {name}")
        if values:
            raise TypeError(f"{type(self).__name__} has no {', '.join(values)}")

    def __str__(self) -> str:
        return self.message.format(**self._values())

    @property
    def explanation(self) -> str:
        """The longer text: which field, what was wrong, what would be right."""
        return self.details.format(sentence=str(self), **self._values())

    def _values(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.fields}

    def __reduce__(self) -> tuple[Any, ...]:
        # An exception whose constructor takes keywords does not unpickle by itself.
        return _rebuild, (type(self), self._values())


def _rebuild(kind: type[RomaportError], values: dict[str, Any]) -> RomaportError:
    return kind(**values)


def catalogue() -> list[type[RomaportError]]:
    """Answer every declared error, ordered by name."""

    def below(kind: type[RomaportError]) -> list[type[RomaportError]]:
        return [found for sub in kind.__subclasses__() for found in (sub, *below(sub))]

    return sorted((kind for kind in below(RomaportError) if "code" in vars(kind)), key=lambda kind: kind.__name__)


# requests


class BodyInvalid(RomaportError):
    """The request body, or one of its fields, is not what the operation takes."""

    code = "ROMA.13000"
    fault = Fault.INVALID
    message = "Invalid parameters: {problems}"
    problems: str
    """All that is wrong, each as `field: rule`, joined by `; `."""


class ParameterInvalid(RomaportError):
    """A path or query parameter, or a header, is out of its range."""

    code = "ROMA.13000"
    fault = Fault.INVALID
    message = "Invalid parameters: {name}: {rule}"
    name: str
    rule: str


class BodyMissing(RomaportError):
    """The operation needs a request body and none came."""

    code = "ROMA.13001"
    fault = Fault.INVALID
    message = "No request body is available."


class BodyTooLarge(RomaportError):
    """A request body is longer than the setting allows."""

    code = "ROMAPORT.1001"
    fault = Fault.TOO_LARGE
    message = "The request body is larger than {limit_bytes} bytes."
    limit_bytes: int


class RouteMissing(RomaportError):
    """No operation has this path."""

    code = "ROMA.1007"
    fault = Fault.MISSING
    message = "Invalid request URL."
    details = "path: no operation is served at {path}"
    path: str


class MethodRefused(RomaportError):
    """The path exists, but not with this method."""

    code = "ROMAPORT.1002"
    fault = Fault.METHOD
    message = "Method {method} is not served at this path."
    method: str


class RequestsTooMany(RomaportError):
    """More is asked at once than this server answers."""

    code = "ROMAPORT.1003"
    fault = Fault.TOO_MANY
    message = "Too many requests at once; try again in {retry_seconds} s."
    retry_seconds: int


# auth


class CredentialsWrong(RomaportError):
    """No credentials, or wrong ones (contract 3.3, causes after the 0301 prefix)."""

    code = "APIGW.0301"
    fault = Fault.UNAUTHENTICATED
    message = "Incorrect IAM authentication information: {cause}"
    cause: str


class PermissionMissing(RomaportError):
    """The caller's policies do not allow the action."""

    code = "ROMA.1006"
    fault = Fault.FORBIDDEN
    message = "You do not have the permissions required to perform this operation."
    details = "action: {action} is not allowed to this user in this project"
    action: str


class ProjectForeign(RomaportError):
    """The project in the path is not one the credentials are for."""

    code = "ROMAPORT.1101"
    fault = Fault.FORBIDDEN
    message = "The credentials are not for the project in the path."
    details = "project_id: {sentence} It must be the project of the token or signature."


class RoleMissing(RomaportError):
    """The caller has no sufficient role on the integration application (contract 5.2)."""

    code = "ROMA.12001"
    fault = Fault.FORBIDDEN
    message = "You do not have the permissions required to operate the application."
    details = "app: the role {role} is needed"
    advice = "Have the role granted on the application, or ask an administrator to do it."
    role: str


class NameTaken(RomaportError):
    """A user, project, instance or domain of this name exists already."""

    code = "ROMAPORT.1102"
    fault = Fault.CONFLICT
    message = "A {thing} named {name} exists already."
    thing: str
    name: str


class ThingMissing(RomaportError):
    """No user, project, instance, policy or key of this name exists."""

    code = "ROMAPORT.1103"
    fault = Fault.MISSING
    message = "No {thing} {name} exists."
    thing: str
    name: str


# instances and assets


class InstanceMissing(RomaportError):
    """No instance has this id in the project."""

    code = "ROMAPORT.1201"
    fault = Fault.MISSING
    message = "Instance {instance_id} does not exist in this project."
    instance_id: str


class AssetMissing(RomaportError):
    """No asset of the kind has this id, or the caller may not see it."""

    code = "ROMAPORT.3001"
    fault = Fault.MISSING
    message = "The {kind} {asset_id} does not exist."
    kind: str
    asset_id: str


class AssetsMissing(RomaportError):
    """Some ids of a selection are unknown; all of them are listed."""

    code = "ROMAPORT.3002"
    fault = Fault.MISSING
    message = "{count} of the selected assets do not exist: {listed}"
    count: int
    listed: str


class AssetNameTaken(RomaportError):
    """An asset of this kind and name exists in the instance."""

    code = "ROMAPORT.3003"
    fault = Fault.INVALID
    message = "The {kind} {name} already exists."
    details = "{field}: must be unique in the instance; {sentence}"
    advice = "Import with a prefix, or merge into what exists."
    kind: str
    name: str
    field: str


class AppNameTaken(RomaportError):
    """An integration application of this name exists in the instance."""

    code = "ROMA.14011"
    fault = Fault.INVALID
    message = "The application already exists."
    details = "name: {name} must be unique in the instance"
    advice = "Import with a prefix, or merge into what exists."
    name: str


class AppKeyTaken(RomaportError):
    """An integration application with this key exists in the instance."""

    code = "ROMA.14012"
    fault = Fault.INVALID
    message = "The application key already exists."
    details = "key: {value} must be unique in the instance"
    advice = "Free the key in the instance first."
    value: str


class ReferenceMissing(RomaportError):
    """A field names an asset that does not exist."""

    code = "ROMAPORT.3004"
    fault = Fault.INVALID
    message = "The {kind} {asset_id} named by {field} does not exist."
    details = "{field}: must name a {kind} of this instance; {asset_id} does not"
    advice = "Export it along, or create it in the instance first."
    field: str
    kind: str
    asset_id: str


class AssetInUse(RomaportError):
    """An asset cannot be deleted while others refer to it."""

    code = "ROMAPORT.3005"
    fault = Fault.CONFLICT
    message = "The {kind} {name} is still used by {users}."
    advice = "Delete or change what uses it first, or take that along."
    kind: str
    name: str
    users: str


class QuotaReached(RomaportError):
    """The instance, or an asset in it, holds as many assets of the kind as it may (contract 6.4)."""

    code = "ROMA.4031001"
    fault = Fault.INVALID
    message = "Insufficient quota."
    details = "{kind}: {place} holds {limit} at most"
    advice = "Delete what is no longer needed, or split the package."
    kind: str
    limit: int
    place: str = "an instance"


class TaskUnknown(RomaportError):
    """One of several tasks that are to be started or stopped does not exist, or the caller may not see it."""

    code = "FDI.3021"
    fault = Fault.INVALID
    message = "The task {task_id} does not exist."
    task_id: str


class RunImpossible(RomaportError):
    """A task was to be run at once (contract 3.3)."""

    code = "FDI.3026"
    fault = Fault.INVALID
    message = "Failed to start the task."
    details = "task_id: {name} is kept here and not run; this server carries definitions, no records"
    name: str


class StopImpossible(RomaportError):
    """A task was to be stopped in the middle of a run (contract 3.3)."""

    code = "FDI.3027"
    fault = Fault.INVALID
    message = "Failed to stop the task."
    details = "task_id: {name} is not being run; this server carries definitions, no records"
    name: str


class ConnectionImpossible(RomaportError):
    """Something was asked that only a data source itself can answer (contract 3.3)."""

    code = "FDI.3016"
    fault = Fault.INVALID
    message = "Failed to test the connectivity."
    details = "datasource_id: {name} was not asked, since this server opens no connections to data sources"
    name: str


class SelectionEmpty(RomaportError):
    """Neither applications nor tasks were selected."""

    code = "ROMA.13000"
    fault = Fault.INVALID
    message = "Invalid parameters: apps, tasks: at least one id is needed"


class SelectionTooLarge(RomaportError):
    """More assets were selected than one job may take."""

    code = "ROMA.13000"
    fault = Fault.INVALID
    message = "Invalid parameters: {field}: at most {limit} per job, {count} given"
    field: str
    limit: int
    count: int


# link: what the operations of products and all below them say in words of their own


class LinkParametersInvalid(RomaportError):
    """The request body, or a parameter, is not what an operation of device integration takes (contract 3.3)."""

    code = "ROMA.00110001"
    fault = Fault.INVALID
    message = "The parameter does not meet verification rules: [{problems}]"
    problems: str


class LinkBodyMissing(RomaportError):
    """An operation of device integration needs a request body and none came (contract 3.3)."""

    code = "RML.0001"
    fault = Fault.INVALID
    message = "The input parameter is null."


class LinkResourceMissing(RomaportError):
    """No product, or part of one, has this id, or the caller may not see it (contract 3.3)."""

    code = "ROMA.00110006"
    fault = Fault.MISSING
    message = "The resource does not exist. Check whether the resource ID {asset_id} is correct."
    details = "{kind}: no {kind} with the id {asset_id} is there"
    kind: str
    asset_id: str


class LinkInstanceMissing(RomaportError):
    """No instance has this id in the project, said by device integration (contract 3.3)."""

    code = "ROMA.00110002"
    fault = Fault.MISSING
    message = "The instance does not exist. project_id: {project_id}, instance_id: {instance_id}"
    project_id: str
    instance_id: str


# APIs, their groups and environments


class ApiGroupMissing(RomaportError):
    """No API group has this id, or the caller may not see it."""

    code = "APIG.3001"
    fault = Fault.MISSING
    message = "API group {asset_id} does not exist"
    asset_id: str


class ApiMissing(RomaportError):
    """No API has this id, or the caller may not see it."""

    code = "APIG.3002"
    fault = Fault.MISSING
    message = "API {asset_id} does not exist"
    asset_id: str


class EnvironmentMissing(RomaportError):
    """No environment of the instance has this id."""

    code = "APIG.3003"
    fault = Fault.MISSING
    message = "The environment does not exist"
    details = "env_id: no environment has the id {asset_id}"
    asset_id: str


class PublicationMissing(RomaportError):
    """The API is not published in this environment."""

    code = "APIG.3015"
    fault = Fault.MISSING
    message = "The API publication record does not exist"
    details = "env_id: API {api} is not published in {environment}"
    api: str
    environment: str


class ApiGroupNameTaken(RomaportError):
    """A global API group, or one of the same application, has this name."""

    code = "APIG.3201"
    fault = Fault.INVALID
    message = "The API group name already exists"
    details = "name: {name} must be unique among the groups of its application, or among the global ones"
    advice = "Import with a prefix, or merge into what exists."
    name: str


class ApiNameTaken(RomaportError):
    """An API of the same group has this name."""

    code = "APIG.3202"
    fault = Fault.INVALID
    message = "The API name already exists, api_name:{name}"
    details = "name: {name} must be unique in its group"
    advice = "Import with a prefix, or merge into what exists."
    name: str


class EnvironmentNameTaken(RomaportError):
    """An environment of the instance has this name."""

    code = "APIG.3205"
    fault = Fault.INVALID
    message = "The environment name already exists"
    details = "name: {name} must be unique in the instance"
    name: str


class ApiDefinitionTaken(RomaportError):
    """An API of the same group has the same method, path and match mode."""

    code = "APIG.3301"
    fault = Fault.INVALID
    message = "The API already exists: {name} has the same method, path and match mode"
    details = "req_method, req_uri, match_mode: together they must be unique in the group; API {name} has the same"
    advice = "Change the method, the path or the match mode of one of the two."
    name: str


class EnvironmentBuiltIn(RomaportError):
    """The environment is there in every instance and is neither changed nor deleted."""

    code = "APIG.3400"
    fault = Fault.INVALID
    message = "The resource cannot be changed"
    details = "env_id: the environment {name} is built in"
    name: str


class ApiGroupUsed(RomaportError):
    """An API group cannot be deleted while it holds APIs."""

    code = "APIG.3415"
    fault = Fault.CONFLICT
    message = "The API group cannot be deleted because it contains APIs"
    details = "group_id: {name} still contains {users}"
    name: str
    users: str


class ApiPublished(RomaportError):
    """An API cannot be deleted while it is published; it is taken offline first."""

    code = "APIG.3416"
    fault = Fault.CONFLICT
    message = "The API cannot be deleted because it has been published"
    details = "api_id: {name} is published in {environments}; take it offline there first"
    name: str
    environments: str


class EnvironmentUsed(RomaportError):
    """An environment cannot be deleted while APIs are published in it."""

    code = "APIG.3418"
    fault = Fault.CONFLICT
    message = "The environment contains published APIs"
    details = "env_id: in {name} are published {count} APIs; take them offline first"
    name: str
    count: int


# jobs and archives


class JobMissing(RomaportError):
    """No job has this id, or the caller may not see it."""

    code = "ROMAPORT.2001"
    fault = Fault.MISSING
    message = "Job {job_id} does not exist."
    job_id: str


class JobRunning(RomaportError):
    """The user already runs as many jobs of this type in the instance as one user may."""

    code = "ROMA.10012"
    fault = Fault.INVALID
    message = "An asset management task is running."
    details = "{type}: at most {limit} at a time per user and instance; wait for it to end"
    type: str
    limit: int


class JobMoveRefused(RomaportError):
    """The job is not in a state from which it can go there."""

    code = "ROMAPORT.2002"
    fault = Fault.CONFLICT
    message = "Job {job_id} is {state} and cannot become {wanted}."
    job_id: str
    state: str
    wanted: str


class JobAttemptsSpent(RomaportError):
    """The job was started as often as it may and never reached its end."""

    code = "ROMAPORT.2003"
    fault = Fault.INTERNAL
    message = "Given up after {attempts} starts."
    advice = "Look into the log of the server under the id of the job, then start it again."
    attempts: int


class RollbackRefused(RomaportError):
    """A job cannot be taken back: it is of the wrong type, changed nothing, or was taken back already."""

    code = "ROMAPORT.2004"
    fault = Fault.CONFLICT
    message = "Job {job_id} cannot be rolled back: {reason}."
    job_id: str
    reason: str


class AssetChanged(RomaportError):
    """An asset is no longer as the job left it, so taking the job back would undo somebody's work."""

    code = "ROMAPORT.2005"
    fault = Fault.CONFLICT
    message = "{kind} {name} has been {change} since."
    advice = "Keep that work and leave the job as it is, or roll back with overwrite to lose it."
    kind: str
    name: str
    change: str


class PlanRefused(RomaportError):
    """A job cannot be executed as a plan: it is none, is not done, holds refusals, or is no longer kept."""

    code = "ROMAPORT.2006"
    fault = Fault.CONFLICT
    message = "Job {job_id} cannot be executed: {reason}."
    job_id: str
    reason: str


class PlanOutdated(RomaportError):
    """The instance has changed since the plan was made; what would happen now is not what was shown."""

    code = "ROMAPORT.2007"
    fault = Fault.CONFLICT
    message = "The plan says {planned}, now it would be {present}."
    advice = "Make a new plan and look at it."
    planned: str
    present: str


class ArchiveMissing(RomaportError):
    """No archive has this id, or the caller may not see it."""

    code = "ROMAPORT.2101"
    fault = Fault.MISSING
    message = "Archive {archive_id} does not exist."
    archive_id: str


class ArchiveTaken(RomaportError):
    """The archive's one download has been made."""

    code = "ROMAPORT.2102"
    fault = Fault.GONE
    message = "The archive was downloaded at {at} by {by}."
    at: str
    by: str


class ArchiveExpired(RomaportError):
    """The archive's validity ended before it was downloaded."""

    code = "ROMAPORT.2103"
    fault = Fault.GONE
    message = "The archive expired at {at}."
    at: str


class RangeRefused(RomaportError):
    """A Range header names bytes that the archive does not have."""

    code = "ROMAPORT.2104"
    fault = Fault.RANGE
    message = "The range {asked} is not within the archive's {size_bytes} bytes."
    asked: str
    size_bytes: int


# packages


class PackageNameWrong(RomaportError):
    """The uploaded file is no zip by its name, or its name has forbidden characters."""

    code = "ROMA.10013"
    fault = Fault.INVALID
    message = (
        "Only .zip files are supported. The file name must start with a letter or digit. Among all the special "
        "characters, only the plus sign (+), minus sign (-), and underscore (_) are allowed."
    )
    details = "ImportAssetRequestBody: {problem}"
    problem: str


class PackageUnreadable(RomaportError):
    """The package cannot be unpacked, or it is not what its manifest says."""

    code = "ROMA.10011"
    fault = Fault.INVALID
    message = "Failed to decompress the file."
    details = "package: {problem}"
    problem: str


class PackageTooLarge(RomaportError):
    """The package, or something in it, is beyond a limit."""

    code = "ROMAPORT.4001"
    fault = Fault.TOO_LARGE
    message = "The package is too large: {what} is more than {limit}."
    what: str
    limit: int


class PackageVersionUnknown(RomaportError):
    """The package is of a format version this server does not read."""

    code = "ROMAPORT.4002"
    fault = Fault.INVALID
    message = "Package format version {version} is not known; versions up to {known} are."
    version: int
    known: int


class PackageSecretFound(RomaportError):
    """An asset of a package carries a secret, which never travels."""

    code = "ROMAPORT.4003"
    fault = Fault.INVALID
    message = "A package must not carry secrets; found at {paths}."
    advice = "Export the package again; secrets are handed over as values, not in packages."
    paths: str


class ImportContradictory(RomaportError):
    """Two options of an import exclude each other (product decision 16)."""

    code = "ROMA.13000"
    fault = Fault.INVALID
    message = "Invalid parameters: datasource_overwrite: works with type Merge only"


class AssetInvalid(RomaportError):
    """An asset of a package breaks a rule of its kind."""

    code = "ROMAPORT.4004"
    fault = Fault.INVALID
    message = "Invalid {problem}"
    advice = "Correct the asset where the package was made, and export it again."
    problem: str


class ValueUnmatched(RomaportError):
    """A value was given for a secret that no asset of the package lacks."""

    code = "ROMAPORT.4005"
    fault = Fault.INVALID
    message = "The values name {place}, which matches nothing in the package."
    advice = "Give names as the package has them, without a prefix; a plan of the package lists its holes."
    place: str


class ValueInvalid(RomaportError):
    """A value given for a secret is not what its field takes; the value itself is never shown."""

    code = "ROMAPORT.4006"
    fault = Fault.INVALID
    message = "The value for {place} cannot be taken: {problem}"
    advice = "Correct the value, and import again."
    place: str
    problem: str


# storage, settings


class StoreUnavailable(RomaportError):
    """The database or the archive store does not answer."""

    code = "ROMAPORT.5001"
    fault = Fault.UNAVAILABLE
    message = "The {store} is not available; try again in a moment."
    advice = "Try again in a moment."
    store: str


class SettingInvalid(RomaportError):
    """A setting in the environment is unknown or out of range."""

    code = "ROMAPORT.5002"
    fault = Fault.INVALID
    message = "Setting {name}: {rule}"
    name: str
    rule: str


class MoveRefused(RomaportError):
    """A data folder cannot be moved to another store; the reason says what is in the way."""

    code = "ROMAPORT.5003"
    fault = Fault.CONFLICT
    message = "The data folder cannot be moved: {reason}"
    reason: str


# client


class Refused(RomaportError):
    """The server a client talks to refused; code, sentence and details are the server's own (contract 3.1)."""

    code = "ROMAPORT.6001"
    fault = Fault.INVALID
    message = "{error_message} ({error_code})"
    details = "{error_details}"
    status: int
    error_code: str
    error_message: str
    error_details: str = ""
    request_id: str = ""
    retry_seconds: float | None = None
    """How long the server asks to wait before the next try, if it says."""


class Unreachable(RomaportError):
    """The server a client talks to cannot be reached, or does not answer in time."""

    code = "ROMAPORT.6002"
    fault = Fault.UNAVAILABLE
    message = "{endpoint} does not answer: {problem}"
    endpoint: str
    problem: str


class AnswerUnreadable(RomaportError):
    """A server answered something that the contract does not know."""

    code = "ROMAPORT.6003"
    fault = Fault.UNAVAILABLE
    message = "{endpoint} does not answer as the contract says: {problem}"
    endpoint: str
    problem: str


class DownloadBroken(RomaportError):
    """A download did not arrive whole, or not as it was sent; nothing of it is kept."""

    code = "ROMAPORT.6004"
    fault = Fault.UNAVAILABLE
    message = "The download of archive {archive_id} is not whole: {problem}"
    archive_id: str
    problem: str


# us


class InternalError(RomaportError):
    """We are wrong; the log has the cause under the request's id."""

    code = "ROMAPORT.9001"
    fault = Fault.INTERNAL
    message = "Internal error."
    advice = "Look into the log of the server under the id of the job; nothing was changed."
