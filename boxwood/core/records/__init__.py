"""Records and tables of boxes, fields, permissions, pipelines, teams and users. Every folder of core uses them.

The functions that read and change them are in the folders above.
"""

from .box import BOXES as BOXES
from .box import NO_ACTIVITY as NO_ACTIVITY
from .box import NO_EMAILS as NO_EMAILS
from .box import STORED as STORED
from .box import Box as Box
from .box import BoxActivity as BoxActivity
from .box import BoxEmails as BoxEmails
from .box import BoxLink as BoxLink
from .box import StageStay as StageStay
from .box import StoredBox as StoredBox
from .box import numbers_in as numbers_in
from .field import FIELD_TYPES as FIELD_TYPES
from .field import FIELDS as FIELDS
from .field import FIRST_FIELD as FIRST_FIELD
from .field import WITH_OPTIONS as WITH_OPTIONS
from .field import AiSettings as AiSettings
from .field import DisplayFormat as DisplayFormat
from .field import Field as Field
from .field_options import FIRST_OPTION as FIRST_OPTION
from .field_options import MOST_OPTIONS as MOST_OPTIONS
from .field_options import Option as Option
from .permissions import Grant as Grant
from .permissions import PermissionSet as PermissionSet
from .pipeline import FIRST_STAGE as FIRST_STAGE
from .pipeline import PIPELINE_MEMBERS as PIPELINE_MEMBERS
from .pipeline import PIPELINE_SOURCES as PIPELINE_SOURCES
from .pipeline import PIPELINES as PIPELINES
from .pipeline import STAGE_KINDS as STAGE_KINDS
from .pipeline import STAGES as STAGES
from .pipeline import Pipeline as Pipeline
from .pipeline import PipelineMember as PipelineMember
from .pipeline import Stage as Stage
from .scopes import Scopes as Scopes
from .team import TEAM_LISTS as TEAM_LISTS
from .team import TEAM_MEMBERS as TEAM_MEMBERS
from .team import TEAM_ROLES as TEAM_ROLES
from .team import TEAMS as TEAMS
from .team import ListAccess as ListAccess
from .team import Membership as Membership
from .team import Team as Team
from .team import TeamField as TeamField
from .team import TeamMember as TeamMember
from .team import TeamSettings as TeamSettings
from .user import USERS as USERS
from .user import Person as Person
from .user import User as User
from .user import UserSettings as UserSettings
