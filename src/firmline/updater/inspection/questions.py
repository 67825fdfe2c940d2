"""What a bootloader is asked in an inspection, over whichever road it was reached."""

from __future__ import annotations

from firmline.protocol.reading import read_progress, read_versions, run_probes
from firmline.updater.dialogue import Dialogue
from firmline.updater.inspection import facts
from firmline.updater.inspection.plan import InspectionPlan, progress_at_risk
from firmline.updater.inspection.record import InspectionRecord


async def ask_bootloader(
    dialogue: Dialogue, plan: InspectionPlan, record: InspectionRecord
) -> None:
    """Ask how far an update has come and what is installed, then with probes if there are any.

    Raises:
        InputError: ``PROBE_PROGRESS``: probes would throw away an update that was begun.
        TransportError: The link failed.
        TargetRefusedError: The unit takes no command object.
        RemoteProtocolError: Its answers make no sense.
    """
    record.asked_bootloader = True
    progress = await dialogue.run(read_progress())
    record.keep(facts.facts_of_progress(progress))
    record.keep(facts.facts_of_versions(await dialogue.run(read_versions())))
    if plan.probes is None:
        return
    if progress and not plan.discard_progress:
        raise progress_at_risk(progress)
    await dialogue.run(
        run_probes(plan.probes, packet_size=dialogue.packet_size, found=record.take_findings)
    )
    if record.findings.problem is not None:
        raise record.findings.problem
