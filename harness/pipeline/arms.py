"""The systems under test: base, baseline and candidates, known by what they contain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from harness.adapters.digest import DigestCache
from harness.adapters.inspection import inspect_adapter
from harness.errors import AdapterError, UsageError
from harness.store.store import Store
from harness.suite.digest import digest
from harness.types import Arm, Role

from .settings import Named, Settings


@dataclass(frozen=True, slots=True)
class Arms:
    """All arms of one gate."""

    base: Arm
    baseline: Arm
    candidates: tuple[Arm, ...]
    paths: Mapping[str, Path | None]
    """Adapter directory by arm digest; None is the base model itself."""

    def __iter__(self) -> Iterator[Arm]:
        return iter((self.base, self.baseline, *self.candidates))

    def reference(self, role: Role) -> Arm:
        """The arm that a check compares against."""
        return self.base if role is Role.BASE else self.baseline

    def candidate(self, name: str) -> Arm:
        """The candidate of that name."""
        return next(arm for arm in self.candidates if arm.name == name)

    def runnable(self) -> tuple[Arm, ...]:
        """One arm per content, without those that cannot be measured."""
        return tuple({arm.digest: arm for arm in self if arm.problem is None}.values())


def identify(settings: Settings, digests: DigestCache) -> Arms:
    """Read and verify every arm.

    A candidate that cannot be trusted stays, with its problem, and is not measured; a base or
    baseline like that raises UsageError, for nothing could be compared with it.
    """
    try:
        base = _base(settings, digests)
        baseline = _arm(Role.BASELINE, settings.baseline, settings, base, digests)
    except AdapterError as error:
        raise UsageError(str(error)) from error
    candidates = [_candidate(named, settings, base, digests) for named in settings.candidates]
    named = dict(zip((c.digest for c in candidates), settings.candidates, strict=True))
    named |= {baseline.digest: settings.baseline, base.digest: Named(base.name, None)}
    paths = {key: value.path for key, value in named.items()}
    return Arms(base, baseline, tuple(candidates), paths)


def changed(settings: Settings, arms: Arms, digests: DigestCache, *, verify: bool) -> str | None:
    """What is no longer what was identified; None where all is. ``verify`` reads all bytes anew."""
    try:
        found = digests.base(settings.base_model, verify=verify)
        if found != arms.base.base:
            return f"the base model changed while the gate ran: now {found[:12]}"
        for arm in arms.runnable():
            path = arms.paths[arm.digest]
            if path is not None and digests.adapter(path, verify=verify) != arm.adapter:
                return f"adapter {arm.name} changed while the gate ran"
    except AdapterError as error:
        return f"an arm changed while the gate ran: {error}"
    return None


def recall(arms: Arms, store: Store) -> Arms:
    """Note on each arm what the store knows: seen as it is, or changed in place since."""
    seen = store.arms_seen()

    def noted(arm: Arm) -> Arm:
        last = next((past for past in seen if past.path == arm.path), None)
        twin = next((past for past in seen if past.digest == arm.digest), None)
        if arm.problem or arm.path is None:
            return arm
        if last is not None and last.digest != arm.digest:
            was, now = (last.adapter or last.base)[:12], (arm.adapter or arm.base)[:12]
            note = f"changed in place since run {last.run} ({was} → {now}): measured anew"
            return replace(arm, history=note)
        if last is None and twin is not None and twin.path is not None:
            return replace(arm, history=f"same content as {twin.path} in run {twin.run}")
        return arm

    return replace(
        arms,
        base=noted(arms.base),
        baseline=noted(arms.baseline),
        candidates=tuple(noted(arm) for arm in arms.candidates),
    )


def _base(settings: Settings, digests: DigestCache) -> Arm:
    base = digests.base(settings.base_model)
    path = str(settings.base_model)
    return Arm(Role.BASE, "base", base, None, arm_digest(base, None), path)


def _arm(role: Role, named: Named, settings: Settings, base: Arm, digests: DigestCache) -> Arm:
    if named.path is None:
        return replace(base, role=role, name=named.name)
    info = inspect_adapter(named.path, settings.base_model, base.base, digests)
    return Arm(
        role=role,
        name=named.name,
        base=base.base,
        adapter=info.digest,
        digest=arm_digest(base.base, info.digest),
        path=str(named.path),
        executor=info.executor,
        label=info.reason,
    )


def _candidate(named: Named, settings: Settings, base: Arm, digests: DigestCache) -> Arm:
    try:
        return _arm(Role.CANDIDATE, named, settings, base, digests)
    except AdapterError as error:
        # Known by its problem: it has no content that could be trusted as an identity.
        unknown = digest({"problem": str(error), "name": named.name})
        return Arm(
            role=Role.CANDIDATE,
            name=named.name,
            base=base.base,
            adapter=None,
            digest=unknown,
            path=str(named.path),
            problem=str(error),
        )


def arm_digest(base: str, adapter: str | None) -> str:
    """Identity of a base with an adapter, or of the base alone."""
    return digest({"base": base, "adapter": adapter})
