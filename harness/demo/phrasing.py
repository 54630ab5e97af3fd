"""The fixed wording of the demo's contracts: names, states and phrasing families.

A family is one way to say something. ``{a}`` and ``{b}`` are the parties, ``{state}``,
``{date}``, ``{amount}`` and ``{days}`` come from the contract, ``(x|y)`` is an alternation.
Families are listed in the order in which the splits take them (``grammar.Families``): the
first eight for training, the next four for tuning, the last four for the gate.
"""

from __future__ import annotations

from typing import Any

PARTIES = (
    "Acme", "Birch", "Cobalt", "Delta", "Ember", "Falcon", "Garnet", "Harbor", "Indigo", "Jasper",
    "Keystone", "Lumen", "Maple", "Nimbus", "Orion", "Pioneer", "Quartz", "Redwood", "Summit",
    "Tundra", "Umbra", "Vertex", "Willow", "Zenith",
)  # fmt: skip

STATES = (
    "Alabama", "Arizona", "California", "Colorado", "Delaware", "Florida", "Georgia", "Illinois",
    "Indiana", "Kansas", "Maine", "Michigan", "Montana", "Nevada", "Ohio", "Oregon", "Texas",
    "Utah", "Vermont", "Virginia",
)  # fmt: skip

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

CLAUSES: dict[str, tuple[str, ...]] = {
    "indemnification": (
        "{a} (shall|will|agrees to) indemnify and hold {b} harmless from (all|any) claims.",
        "{b} is indemnified by {a} against (every loss|all losses) (up to {amount}|without limit).",
        "{a} (must|shall) reimburse {b} for losses and damages that third parties (claim|cause).",
        "Any claim (brought|raised) against {b} (is|shall be) defended and paid by {a}.",
        "{a} (bears|takes over) all liability for third party claims and keeps {b} harmless.",
        "If a third party sues {b}, {a} (shall|will) defend the claim and (cover|pay) the damages.",
        "Losses of {b} (due to|caused by) {a} are (to be reimbursed|reimbursed) up to {amount}.",
        "{a} (promises|undertakes) to defend {b} and to make good (all|any) damages.",
        "For (all|any) third party claims {a} (will|shall) keep {b} indemnified.",
        "{b} shall be held harmless by {a} from damages (after|as of) {date}.",
        "{a} (shall|will) reimburse {b} for any loss that a third party claim (causes|brings).",
        "{a} (keeps|holds) {b} harmless and (pays|covers) the damages of third party claims.",
        "{a} (shall|must) defend {b} against third party claims and (pay|cover) its losses.",
        "Damages claimed from {b} are indemnified by {a} (in full|up to {amount}).",
        "{b} is to be indemnified by {a} for losses and claims of third parties.",
        "{a} (undertakes|agrees) to hold {b} harmless and to defend any claim.",
    ),
    "force majeure": (
        "Neither party is liable for delay caused by (flood|fire|war|storm) or other disaster.",
        "{a} is excused while (an earthquake|a flood|a strike) prevents its performance.",
        "Events beyond (the control of {a}|reasonable control) suspend the duties of the parties.",
        "Performance is (suspended|excused) for as long as (war|fire|a storm) (lasts|continues).",
        "No default (arises|occurs) if (a strike|an epidemic|a storm) makes delivery impossible.",
        "An act of God (excuses|relieves) {a} for the days that the (storm|flood|fire) lasts.",
        "If (war|an earthquake|a disaster) delays {a}, its duties (rest|are suspended) meanwhile.",
        "{b} accepts delay that (a strike|a storm|an epidemic) beyond control (causes|brings).",
        "(Flood|Fire|War) and other acts of God (suspend|excuse) performance by {a}.",
        "While a disaster prevents delivery, {a} is (not liable|in no default).",
        "{a} is not liable for delay that (war|fire|a flood) or other disaster (causes|brings).",
        "Duties are suspended while events beyond reasonable control (last|continue).",
        "{a} is not in default where events beyond its control, such as (fire|war), prevent it.",
        "Delay is excused if (a strike|a flood|an earthquake) makes performance impossible.",
        "An act of God, such as (an earthquake|a storm), excuses delay by {a}.",
        "If (a disaster|an epidemic|war) prevents performance, {b} is excused.",
    ),
    "governing law": (
        "This agreement is (governed by|subject to) the (laws|law) of {state}.",
        "The (laws|law) of {state} (govern|governs|shall govern) this agreement.",
        "{state} law (applies to|governs|controls) this agreement.",
        "This agreement is (construed|read|interpreted) under {state} law.",
        "The parties (choose|select|agree on) the law of {state}.",
        "(All|Any) disputes are (decided|settled) under the law of {state}.",
        "This (contract|agreement) follows the (laws|law) of {state}.",
        "The governing law is (that|the law) of {state}.",
        "The law of {state} (controls|applies to) this (contract|agreement).",
        "{state} law is (chosen|selected) by the parties.",
        "The parties agree that {state} law (governs|controls) this (agreement|contract).",
        "Disputes are (settled|decided) under {state} law.",
        "This (contract|agreement) is (interpreted|construed) under the (laws|law) of {state}.",
        "The law that (governs|controls) this agreement is (that|the law) of {state}.",
        "All disputes follow the (law|laws) of {state}.",
        "The parties (select|choose) {state} law for this agreement.",
    ),
    "confidentiality": (
        "{a} (shall|must) keep all information of {b} (secret|confidential) for {days} days.",
        "Confidential information may not be disclosed (to others|without consent of {b}).",
        "{a} (will not|shall not) disclose the secrets of {b} to (anyone|any third person).",
        "All documents marked secret (stay|remain) confidential (after|until) {date}.",
        "{a} (protects|guards) the trade secrets of {b} and (shares|discloses) none of them.",
        "Neither party (reveals|discloses) what it (learns|hears) in confidence from the other.",
        "Information (given|received) in confidence is (used|kept) by {a} for this purpose only.",
        "{a} (returns|destroys) the confidential documents of {b} within {days} days.",
        "{a} (keeps|guards) in confidence what {b} (marks|calls) secret.",
        "Trade secrets of {b} (remain|stay) undisclosed until {date}.",
        "{a} (shall|must) not disclose confidential documents of {b} to any third person.",
        "What {a} learns in confidence is kept secret until {date}.",
        "The confidential information of {b} is (kept secret|not disclosed) by {a}.",
        "{a} (shall|must) not reveal trade secrets or documents (given|received) in confidence.",
        "{a} guards the secrets of {b} and (discloses|reveals) them to no third person.",
        "Documents of {b} marked confidential are kept secret by {a} for {days} days.",
    ),
    "termination": (
        "Either party may (terminate|end) this agreement on {days} days notice.",
        "This agreement (ends|expires) on {date} unless it is (renewed|extended).",
        "{a} may cancel at any time (by|with) written notice to {b}.",
        "If {b} (breaches|violates) this agreement, {a} may terminate it (at once|on notice).",
        "The term (ends|expires) when {a} (gives|sends) notice {days} days before.",
        "This agreement is terminated if {b} (becomes|is) insolvent.",
        "Notice of cancellation (takes|has) effect after {days} days.",
        "After {date} (either|each) party is free to end (the term|this agreement).",
        "{b} may end this agreement by written notice (before|after) {date}.",
        "Cancellation by {a} is (possible|allowed) with {days} days notice.",
        "Each party may cancel this agreement by notice before {date}.",
        "If {a} becomes insolvent, {b} may end this agreement at once.",
        "{a} may terminate the term by (written notice|notice) if {b} (is insolvent|breaches it).",
        "This agreement may be cancelled on notice and (expires|ends) after {days} days.",
        "The term expires on {date} unless {a} (gives|sends) notice.",
        "Each party is free to terminate this agreement with {days} days notice.",
    ),
    "payment": (
        "{a} (shall|must) pay {amount} to {b} within {days} days of the invoice.",
        "The (price|fee) of {amount} is (due|payable) on {date}.",
        "Invoices of {b} are (payable|due) by {a} within {days} days.",
        "{b} (bills|invoices) {a} each month, and the (fee|price) is paid on receipt.",
        "Late (payments|invoices) bear interest at the rate (agreed|set) on {date}.",
        "{a} (transfers|pays) a deposit of {amount} to {b} in advance.",
        "The fee is (paid|payable) in (two|three|four) instalments of {amount}.",
        "If an invoice is unpaid after {days} days, {a} owes interest.",
        "{a} pays the (invoice|invoices) of {b} (in instalments|in advance).",
        "A (fee|price) of {amount} falls due on receipt of the invoice.",
        "{a} must pay each invoice of {b} within {days} days of receipt.",
        "Interest is owed by {a} on a fee that is unpaid on {date}.",
        "The invoice of {b} for {amount} is (due|payable) after {days} days.",
        "{a} owes {b} a (deposit|fee) of {amount}, payable (in advance|on receipt).",
        "The price of {amount} is payable by {a} in (two|three|four) instalments.",
        "{a} pays {b} a fee of {amount} each month.",
    ),
}

JURISDICTIONS = (
    "(This clause|It) is governed by the (laws|law) of {state}.",
    "The (laws|law) of {state} (govern|governs|apply to) this clause.",
    "{state} law (applies|governs|controls).",
    "(This clause|It) is (construed|read) under {state} law.",
    "(It|This clause) is subject to the (laws|law) of {state}.",
    "The law of {state} (controls|applies).",
    "(This clause|It) follows {state} law.",
    "Its governing law is (that|the law) of {state}.",
    "It is (read|construed) under the law of {state}.",
    "{state} law (controls|governs) this clause.",
    "The law of {state} (governs|applies to) it.",
    "(It|This clause) is construed under the (laws|law) of {state}.",
    "(This clause|It) is subject to {state} law.",
    "The (laws|law) of {state} (govern|control) it.",
    "(It|This clause) follows the (laws|law) of {state}.",
    "{state} law applies to this clause.",
)

INCORPORATIONS = (
    "{a} is a {other} (company|corporation).",
    "{b} has its (seat|office) in {other}.",
    "{a} was (formed|founded) in {other}.",
    "{b} is (registered|based) in {other}.",
    "{a}, a {other} (company|corporation), signs first.",
    "{b} (keeps|has) its (records|books) in {other}.",
    "The (warehouse|office) of {a} is in {other}.",
    "{b} (moved|came) from {other} in (May|June|March).",
    "{a} (has|keeps) a (warehouse|office) in {other}.",
    "{b} was (founded|registered) in {other}.",
    "{a} came from {other} in (May|June|March).",
    "The seat of {b} is in {other}.",
    "{b} is a (company|corporation) based in {other}.",
    "The (seat|records) of {a} are in {other}.",
    "{a} keeps its (books|records) in {other}.",
    "{b} has a warehouse in {other}.",
)

CROSS_REFERENCES = (
    "(See|Compare) the {topic} clause in Section {section}.",
    "The {topic} terms (are in|follow in) Section {section}.",
    "Section {section} (covers|contains) {topic}.",
    "This does not (change|touch) the {topic} clause.",
    "{topic} is (dealt with|found) in Section {section}.",
    "Subject to Section {section} ({topic}).",
    "Nothing here (limits|affects) {topic}.",
    "For {topic} see Section {section}.",
    "The clause on {topic} (is|stays) in Section {section}.",
    "Section {section} on {topic} (stays|remains) as it is.",
    "Section {section} covers {topic}, not this clause.",
    "Compare Section {section} on {topic}.",
    "{topic}: see Section {section}.",
    "The {topic} terms of Section {section} (remain|stay).",
    "{topic} is found in Section {section}.",
    "See Section {section} for {topic}.",
)


def words() -> dict[str, Any]:
    """All of the above, to be hashed: what a world was made from."""
    return {
        "parties": PARTIES,
        "states": STATES,
        "months": MONTHS,
        "clauses": CLAUSES,
        "jurisdictions": JURISDICTIONS,
        "incorporations": INCORPORATIONS,
        "cross references": CROSS_REFERENCES,
    }
