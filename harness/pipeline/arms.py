"""The systems under test: base, baseline, anchor and candidates, known by what they contain."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.adapters.digest import DigestCache
from harness.adapters.inspection import inspect_adapter
from harness.errors import AdapterError, UsageError
from harness.store.read import SeenArm
from harness.suite.digest import digest
from harness.suite.policy import POLICY_FILE, Policy
from harness.types import Arm, Role

from .release import BASE, EVERY_SUITE, Release, is_release, located, nearby, serving_glob
from .search import Search
from .settings import Named, Settings, as_named

_DIGEST = re.compile(r"[0-9a-f]{12,64}")
"""A digest in the policy, or enough of its beginning."""
_SHORT = 12


@dataclass(frozen=True, slots=True)
class Arms:
    """All arms of one gate."""

    base: Arm
    baseline: Arm
    candidates: tuple[Arm, ...]
    paths: Mapping[str, Path | None]
    """Adapter directory by digest of a runnable arm; None is a base model alone."""
    bases: Mapping[str, Path]
    """Directory of each base model by its digest, the gate's own first."""
    anchor: Arm | None = None
    members: tuple[Arm, ...] = ()
    """What release sets are made of, as far as no other arm has the same content."""
    stored: frozenset[str] = frozenset()
    """Digests of arms that cannot be run: stored scores stand in for them."""
    places: Mapping[str, Sequence[Path]] = field(default_factory=dict)
    """Every directory that was named, by the digest of the adapter in it."""

    def __iter__(self) -> Iterator[Arm]:
        return iter(self.all)

    @property
    def all(self) -> tuple[Arm, ...]:
        """Every arm, release sets and what they are made of included."""
        anchor = () if self.anchor is None else (self.anchor,)
        return (self.base, self.baseline, *anchor, *self.candidates, *self.members)

    def reference(self, role: Role) -> Arm:
        """The arm that a check compares against."""
        if role is Role.BASE:
            return self.base
        if role is not Role.ANCHOR:
            return self.baseline
        if self.anchor is None:
            raise UsageError(f"a check compares with the anchor, and {POLICY_FILE} names none")
        return self.anchor

    def candidate(self, name: str) -> Arm:
        """The candidate of that name."""
        return next(arm for arm in self.candidates if arm.name == name)

    def serving(self, arm: Arm, suite: str) -> Arm:
        """What the engine runs where ``arm`` is asked about a suite: itself, or one adapter of it.

        A suite that no glob of a release set matches is served by the base model alone.
        """
        if not arm.adapters:
            return arm
        glob = serving_glob(arm.adapters, suite)
        adapter = BASE if glob is None else arm.adapters[glob]
        return self._of_content(_part_digest(arm, adapter))

    def answering(self) -> tuple[Arm, ...]:
        """The arms that are asked the cases, one per content: release sets, not their members.

        Without those that cannot be measured or run.
        """
        asked = (arm for arm in self.all if arm.role is not Role.MEMBER)
        able = (arm for arm in asked if arm.problem is None and arm.digest not in self.stored)
        return tuple({arm.digest: arm for arm in able}.values())

    def runnable(self) -> tuple[Arm, ...]:
        """What the engine runs for them: base models with one adapter or none, one per content."""
        needed: dict[str, None] = {}
        for arm in self.answering():
            parts = [_part_digest(arm, adapter) for adapter in (BASE, *arm.adapters.values())]
            needed |= dict.fromkeys(parts if arm.adapters else [arm.digest])
        return tuple(self._of_content(wanted) for wanted in needed)

    def _of_content(self, wanted: str) -> Arm:
        return next(arm for arm in self.all if arm.digest == wanted)


def identify(
    settings: Settings,
    digests: DigestCache,
    policy: Policy | None = None,
    folder: Path = Path(),
    seen: Sequence[SeenArm] = (),
) -> Arms:
    """Read and verify every arm.

    ``folder`` is the policy's, from which its anchor is named; ``seen`` is what the history
    knows of arms. A candidate that cannot be trusted stays, with its problem, and is not
    measured; a base, baseline or anchor like that raises UsageError, for nothing could be
    compared with it.
    """
    rules = policy or Policy()
    try:
        base = _base(settings, digests)
        register = _Register(settings, base, digests, rules.allow_base_change)
        baseline = register.arm(Role.BASELINE, settings.baseline)
    except AdapterError as error:
        raise UsageError(str(error)) from error
    candidates = [register.candidate(named) for named in settings.candidates]
    anchor, stored = _anchor(rules.anchor, folder, register, settings, digests, seen)
    plain = (base, baseline, *candidates, *([] if anchor is None else [anchor]))
    # The path of a release file does not say where its adapter lies: its member does.
    known = {arm.digest for arm in plain if not is_release(Path(arm.path or ""))}
    return Arms(
        base=base,
        baseline=baseline,
        candidates=tuple(candidates),
        paths=register.paths,
        bases=register.bases,
        anchor=anchor,
        members=tuple(m for m in register.members.values() if m.digest not in known),
        stored=stored,
        places=register.places,
    )


def changed(settings: Settings, arms: Arms, digests: DigestCache, *, verify: bool) -> str | None:
    """What is no longer what was identified; None where all is. ``verify`` reads all bytes anew."""
    try:
        for base, directory in arms.bases.items():
            found = digests.base(directory, verify=verify)
            if found != base:
                which = "" if directory == settings.base_model else f" {directory}"
                return f"the base model{which} changed while the gate ran: now {found[:_SHORT]}"
        for arm in arms.runnable():
            path = arms.paths[arm.digest]
            if path is not None and digests.adapter(path, verify=verify) != arm.adapter:
                return f"adapter {arm.name} changed while the gate ran"
    except AdapterError as error:
        return f"an arm changed while the gate ran: {error}"
    return None


def recall(arms: Arms, seen: Sequence[SeenArm]) -> Arms:
    """Note on each arm what the history knows: seen as it is, or changed in place since."""

    def noted(arm: Arm) -> Arm:
        last = next((past for past in seen if past.path == arm.path), None)
        twin = next((past for past in seen if past.digest == arm.digest), None)
        if arm.problem or arm.path is None or arm.digest in arms.stored:
            return arm
        if last is not None and last.digest != arm.digest:
            was = (last.digest if arm.adapters else last.adapter or last.base)[:_SHORT]
            now = (arm.digest if arm.adapters else arm.adapter or arm.base)[:_SHORT]
            what = (
                "the base under it changed" if was == now else f"changed in place ({was} → {now})"
            )
            return replace(arm, history=f"{what} since run {last.run}: measured anew")
        if last is None and twin is not None and twin.path is not None:
            return replace(arm, history=f"same content as {twin.path} in run {twin.run}")
        return arm

    return replace(
        arms,
        base=noted(arms.base),
        baseline=noted(arms.baseline),
        anchor=None if arms.anchor is None else noted(arms.anchor),
        candidates=tuple(noted(arm) for arm in arms.candidates),
        members=tuple(noted(arm) for arm in arms.members),
    )


def arm_digest(base: str, adapter: str | None) -> str:
    """Identity of a base with an adapter, or of the base alone."""
    return digest({"base": base, "adapter": adapter})


def release_digest(base: str, adapters: Mapping[str, str]) -> str:
    """Identity of a release set; the order of its globs is no part of it."""
    return digest({"base": base, "adapters": dict(adapters)})


def _part_digest(arm: Arm, adapter: str) -> str:
    return arm_digest(arm.base, None if adapter == BASE else adapter)


def _base(settings: Settings, digests: DigestCache) -> Arm:
    base = digests.base(settings.base_model)
    path = str(settings.base_model)
    return Arm(Role.BASE, "base", base, None, arm_digest(base, None), path)


@dataclass(slots=True)
class _Register:
    """Makes arms of what was named, and keeps what the engine will need of them."""

    settings: Settings
    base: Arm
    digests: DigestCache
    allow_base_change: bool
    paths: dict[str, Path | None] = field(init=False)
    bases: dict[str, Path] = field(init=False)
    members: dict[str, Arm] = field(default_factory=dict)
    places: dict[str, list[Path]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.paths = {self.base.digest: None}
        self.bases = {self.base.base: self.settings.base_model}

    def arm(self, role: Role, named: Named) -> Arm:
        """The arm that a user named; AdapterError where it cannot be trusted."""
        if named.path is None:
            return replace(self.base, role=role, name=named.name)
        if named.release is not None:
            return self._release(role, named.name, named.release)
        arm = self._single(role, named.name, named.path, self.base.base, self.settings.base_model)
        self.paths.setdefault(arm.digest, named.path)
        return arm

    def candidate(self, named: Named) -> Arm:
        """A candidate, with its problem where it cannot be trusted."""
        try:
            return self.arm(Role.CANDIDATE, named)
        except AdapterError as error:
            # Known by its problem: it has no content that could be trusted as an identity.
            return Arm(
                role=Role.CANDIDATE,
                name=named.name,
                base=self.base.base,
                adapter=None,
                digest=digest({"problem": str(error), "name": named.name}),
                path=str(named.path),
                problem=str(error),
            )

    def _release(self, role: Role, name: str, release: Release) -> Arm:
        base, directory = self._base_of(release)
        alone = Arm(
            Role.MEMBER, f"{name}/{BASE}", base, None, arm_digest(base, None), str(directory)
        )
        members: dict[str, tuple[Arm, Path | None]] = {alone.digest: (alone, None)}
        adapters: dict[str, str] = {}
        for glob, path in release.adapters.items():
            adapters[glob] = BASE
            if path is None:
                continue
            try:
                member = self._single(
                    Role.MEMBER, f"{name}/{path.resolve().name}", path, base, directory
                )
            except AdapterError as error:
                raise AdapterError(f"{release.place(glob)}: {error}") from error
            adapters[glob] = str(member.adapter)
            members.setdefault(member.digest, (member, path))
        # Nothing is kept of a release set of which one adapter is broken.
        self.bases.setdefault(base, directory)
        for key, (member, path) in members.items():
            self.members.setdefault(key, member)
            self.paths.setdefault(key, path)
        if base == self.base.base and adapters.keys() == {EVERY_SUITE}:
            # Served whole by one adapter it is that adapter, and no new release for its name.
            only, _ = members[_part_digest(alone, adapters[EVERY_SUITE])]
            return replace(only, role=role, name=name, path=str(release.file))
        labels = dict.fromkeys(member.label for member, _ in members.values() if member.label)
        return Arm(
            role=role,
            name=name,
            base=base,
            adapter=None,
            digest=release_digest(base, adapters),
            path=str(release.file),
            label="; ".join(labels),
            adapters=adapters,
        )

    def _base_of(self, release: Release) -> tuple[str, Path]:
        if release.base is None:
            return self.base.base, self.settings.base_model
        try:
            found = self.digests.base(release.base)
        except AdapterError as error:
            raise AdapterError(f"{release.place(BASE)}: {error}") from error
        if found != self.base.base and not self.allow_base_change:
            raise AdapterError(
                f"{release.place(BASE)}: {release.base} is another base model"
                f" ({found[:_SHORT]}) than this gate's {self.settings.base_model}"
                f" ({self.base.base[:_SHORT]}); a change of base must be allowed in {POLICY_FILE}:"
                " allow_base_change: true"
            )
        return found, release.base

    def _single(self, role: Role, name: str, path: Path, base: str, base_path: Path) -> Arm:
        info = inspect_adapter(path, base_path, base, self.digests)
        self.places.setdefault(info.digest, []).append(path)
        return Arm(
            role=role,
            name=name,
            base=base,
            adapter=info.digest,
            digest=arm_digest(base, info.digest),
            path=str(path),
            executor=info.executor,
            label=info.reason,
        )


def _anchor(
    text: str | None,
    folder: Path,
    register: _Register,
    settings: Settings,
    digests: DigestCache,
    seen: Sequence[SeenArm],
) -> tuple[Arm | None, frozenset[str]]:
    """The policy's anchor, and its digest where only stored scores can stand in for it."""
    if text is None:
        return None, frozenset()
    where = f"{folder / POLICY_FILE}: anchor"
    try:
        if text == BASE:
            return register.arm(Role.ANCHOR, Named(BASE, None)), frozenset()
        path = located(text, folder, settings.adapters)
        if path is not None:
            named = as_named(None, path, settings.adapters)
            return register.arm(Role.ANCHOR, named), frozenset()
        if not _DIGEST.fullmatch(text):
            raise UsageError(
                f"{where}: {text} is no digest of an adapter ({_SHORT} to 64 hexadecimal digits),"
                f" and there is no directory or release file"
                f" {nearby(text, folder, settings.adapters)}"
            )
        search = Search(register.paths.values(), settings.adapters, seen, digests)
        found = search.find(text)
        past = {s.adapter: s for s in reversed(seen) if s.adapter and s.adapter.startswith(text)}
        if len(found.keys() | past.keys()) > 1:
            several = ", ".join(sorted(key[: _SHORT + 4] for key in found.keys() | past.keys()))
            raise UsageError(f"{where}: {text} is the beginning of several: {several}; write more")
        for path in found.values():
            named = Named(text[:_SHORT], path)
            return register.arm(Role.ANCHOR, named), frozenset()
        return _stored(text, where, register, search, seen)
    except AdapterError as error:
        raise UsageError(f"{where}: {error}") from error


def _stored(
    text: str, where: str, register: _Register, search: Search, seen: Sequence[SeenArm]
) -> tuple[Arm, frozenset[str]]:
    """An anchor of which only scores are left."""
    past = [one for one in seen if one.adapter is not None and one.adapter.startswith(text)]
    if not past:
        raise UsageError(f"{where}: there is no adapter {text}; looked at {search.looked(text)}")
    same = [one for one in past if one.base == register.base.base]
    if not same and not register.allow_base_change:
        raise UsageError(
            f"{where}: adapter {text} was only ever run on another base model"
            f" ({past[0].base[:_SHORT]}, run {past[0].run}); a change of base must be allowed:"
            " allow_base_change: true"
        )
    last = (same or past)[0]
    arm = Arm(
        role=Role.ANCHOR,
        name=text[:_SHORT],
        base=last.base,
        adapter=last.adapter,
        digest=last.digest,
        path=last.path,
        executor="stored",
        label=f"not run: its weights are gone, so scores of run {last.run} and before stand in",
    )
    return arm, frozenset({arm.digest})
