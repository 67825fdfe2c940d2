"""The typed events of an update: the one stream that everyone reads.

Progress bars, traces, records and the diagnosis read this stream and nothing else. An event is a
plain fact, frozen, with the time it was seen (``at_s``: seconds on the link's monotonic clock).
Rooms without a clock make events unstamped; who reports one stamps it. What an event means is not
its business; what happened is.

How events are written and read is in :mod:`firmline.formats.event_json`. Traces are read by other
versions of firmline: no event and no field is renamed or removed, and a new field of an existing
event has a default.
"""

from __future__ import annotations

from firmline.events.base import Event as Event
from firmline.events.base import How as How
from firmline.events.base import Outcome as Outcome
from firmline.events.base import Proof as Proof
from firmline.events.base import Reporter as Reporter
from firmline.events.base import Scalar as Scalar
from firmline.events.base import UnitMode as UnitMode
from firmline.events.base import stamp as stamp
from firmline.events.inspection import FactFound as FactFound
from firmline.events.inspection import InspectionFinished as InspectionFinished
from firmline.events.inspection import InspectionStarted as InspectionStarted
from firmline.events.inspection import ProbeRefused as ProbeRefused
from firmline.events.inspection import RadioVersionSeen as RadioVersionSeen
from firmline.events.inspection import VersionSeen as VersionSeen
from firmline.events.meeting import ApplicationSeen as ApplicationSeen
from firmline.events.meeting import BootloaderAnswered as BootloaderAnswered
from firmline.events.meeting import Connected as Connected
from firmline.events.meeting import EnteringBootloader as EnteringBootloader
from firmline.events.meeting import LinkEncrypted as LinkEncrypted
from firmline.events.meeting import LinkLost as LinkLost
from firmline.events.meeting import NeighbourAwaited as NeighbourAwaited
from firmline.events.meeting import OtherUnitSeen as OtherUnitSeen
from firmline.events.meeting import PortOpened as PortOpened
from firmline.events.meeting import Searching as Searching
from firmline.events.meeting import SignalMeasured as SignalMeasured
from firmline.events.meeting import TextHeard as TextHeard
from firmline.events.meeting import UnitSeen as UnitSeen
from firmline.events.meeting import UsbUnitSeen as UsbUnitSeen
from firmline.events.opening import ImageDescribed as ImageDescribed
from firmline.events.opening import LinkDeclared as LinkDeclared
from firmline.events.opening import TimingPlanned as TimingPlanned
from firmline.events.opening import TraceStarted as TraceStarted
from firmline.events.transfer import BUTTONLESS_REQUESTS as BUTTONLESS_REQUESTS
from firmline.events.transfer import AnswerPassedOver as AnswerPassedOver
from firmline.events.transfer import AnswerReceived as AnswerReceived
from firmline.events.transfer import CrcChecked as CrcChecked
from firmline.events.transfer import FlashLearned as FlashLearned
from firmline.events.transfer import ImageSent as ImageSent
from firmline.events.transfer import ImageStarted as ImageStarted
from firmline.events.transfer import ObjectCreated as ObjectCreated
from firmline.events.transfer import ObjectExecuted as ObjectExecuted
from firmline.events.transfer import PacketsSent as PacketsSent
from firmline.events.transfer import ProgressSaved as ProgressSaved
from firmline.events.transfer import RequestSent as RequestSent
from firmline.events.transfer import Resumed as Resumed
from firmline.events.trouble import FlashStarved as FlashStarved
from firmline.events.trouble import ImagePassedOver as ImagePassedOver
from firmline.events.trouble import LadderStepped as LadderStepped
from firmline.events.trouble import ObjectLost as ObjectLost
from firmline.events.trouble import ObjectRepeated as ObjectRepeated
from firmline.events.trouble import Refused as Refused
from firmline.events.trouble import SessionRepeated as SessionRepeated
from firmline.events.trouble import StartedAfresh as StartedAfresh
from firmline.events.update import UpdateFinished as UpdateFinished
from firmline.events.update import UpdateStarted as UpdateStarted
