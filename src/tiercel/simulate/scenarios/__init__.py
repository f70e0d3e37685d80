"""Every scenario, one small file each.

Holds attacks and their look-alikes as stories with their truth. Takes nothing. Gives `SCENARIOS` and `ALIASES`. May
import tiercel.simulate.story and tiercel.simulate.scenario.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel.simulate.scenarios import (
    dcom_dllhost,
    dcom_hta,
    dcom_iexplore,
    dcom_mmc20,
    dcom_office,
    dcom_other,
    dcom_shellwindows,
    like_backup,
    like_failed_activation,
    like_group_policy,
    like_local_activation,
    like_local_psexec,
    like_local_wmi,
    like_logon_burst,
    like_office_beside_rpc,
    like_rdp,
    like_remote_registry,
    like_scm_query,
    like_winrm,
    like_winrs,
    scm_after_reboot,
    scm_create_only,
    scm_existing_service,
    scm_fallback,
    scm_psexec,
    scm_smb,
    scm_tcp,
    task_rpc,
    task_smb,
    wmi_process,
    wmi_registry,
    wmi_subscription,
)

if TYPE_CHECKING:
    from tiercel.simulate.scenario import Scenario

__all__ = ["ALIASES", "SCENARIOS"]

SCENARIOS: dict[str, Scenario] = {
    module.SCENARIO.name: module.SCENARIO
    for module in (
        dcom_mmc20,
        dcom_shellwindows,
        dcom_office,
        dcom_iexplore,
        dcom_hta,
        dcom_dllhost,
        dcom_other,
        scm_tcp,
        scm_smb,
        scm_psexec,
        scm_fallback,
        scm_existing_service,
        scm_create_only,
        scm_after_reboot,
        wmi_process,
        wmi_subscription,
        wmi_registry,
        task_rpc,
        task_smb,
        like_winrm,
        like_winrs,
        like_remote_registry,
        like_logon_burst,
        like_group_policy,
        like_local_psexec,
        like_rdp,
        like_scm_query,
        like_failed_activation,
        like_local_activation,
        like_office_beside_rpc,
        like_local_wmi,
        like_backup,
    )
}
"""Every scenario by its name, attacks first."""

ALIASES = {"dcom": "dcom-mmc20", "scm": "scm-tcp", "wmi": "wmi-process", "task": "task-rpc"}
"""Short names of the plainest scenario of each technique."""
