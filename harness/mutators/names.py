"""The names that are put in place of others, and the swap: text and target alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from harness.suite.mutating import Mutated, Seed

INVENTED = (
    "Velmora", "Tarnwick", "Brennoch", "Quillova", "Dravenport", "Kestrava", "Lunmere", "Sorrivale",
    "Ostrelby", "Elvenmark", "Arkwellen", "Ilmarsh", "Lorrin Vale", "Tarnwick Mills",
    "Port Kestrava", "Velmora Bay", "Ostrelby Point", "Elvenmark Park", "Arkwellen Mills",
    "Ilmarsh Group", "Lorrin Vale Partners", "Tarnwick Mills Company", "Ostrelby Point Trust",
    "Arkwellen Park Group",
)  # fmt: skip
"""Places or companies that there are not; those with a vowel first are for after “an”."""

Gender = Literal["women", "men"]

# First names stand for an origin in audit studies of discrimination: Bertrand and Mullainathan
# (“Are Emily and Greg More Employable Than Lakisha and Jamal?”, American Economic Review 94(4),
# 2004) sent employers résumés that differed in nothing else. No name says what a person is; these
# are merely common in, or read as, one group. None is a word, a month or a well-known place, or
# ends in s, whose possessive may be written without another.
FIRST_NAMES: dict[str, dict[Gender, tuple[str, ...]]] = {
    "English": {
        "women": (
            "Emily", "Sarah", "Meredith", "Allison", "Kristen", "Laurie", "Anne", "Emma", "Susan",
            "Jennifer", "Karen", "Mary", "Alice", "Elizabeth", "Laura", "Margaret",
        ),
        "men": (
            "Greg", "Todd", "Matthew", "Brendan", "Geoffrey", "Neil", "Brad", "John", "Michael",
            "Robert", "William", "Peter", "Andrew", "Daniel", "Brian", "Bob",
        ),
    },
    "African American": {
        "women": (
            "Lakisha", "Latoya", "Tamika", "Keisha", "Tanisha", "Latonya", "Ayanna", "Shanice",
            "Imani", "Latasha",
        ),
        "men": (
            "Jamal", "Darnell", "Tyrone", "Jermaine", "Tremayne", "Leroy", "DeAndre", "Tyrell",
            "DeShawn", "Terrell",
        ),
    },
    "Spanish": {
        "women": (
            "Graciela", "Luciana", "Camila", "Valentina", "Ximena", "Beatriz", "Elena", "Marisol",
            "Yolanda", "Leticia",
        ),
        "men": (
            "Enrique", "Javier", "Alejandro", "Ignacio", "Pablo", "Gonzalo", "Alonso", "Eduardo",
            "Joaquin", "Rodrigo",
        ),
    },
    "Arabic": {
        "women": (
            "Fatima", "Layla", "Yasmin", "Khadija", "Zainab", "Mariam", "Samira", "Noura", "Huda",
            "Rania",
        ),
        "men": (
            "Mohammed", "Ahmed", "Omar", "Hassan", "Khalid", "Mustafa", "Youssef", "Tariq",
            "Ibrahim", "Bilal",
        ),
    },
    "Indian": {
        "women": (
            "Priya", "Anjali", "Lakshmi", "Deepika", "Sunita", "Kavita", "Pooja", "Meera",
            "Shreya", "Nandini",
        ),
        "men": (
            "Rahul", "Arjun", "Sanjay", "Vikram", "Rajesh", "Anil", "Suresh", "Amit", "Ravi",
            "Deepak",
        ),
    },
    "Chinese": {
        "women": (
            "Xiaoling", "Meiling", "Yuxin", "Jiayi", "Xinyi", "Lihua", "Xiuying", "Ruolan",
            "Shufen", "Qiaoling",
        ),
        "men": (
            "Zhiwei", "Jianguo", "Haoran", "Junjie", "Weidong", "Zihao", "Guoqiang", "Minghao",
            "Yichen", "Zhenhua",
        ),
    },
}  # fmt: skip


def in_both(seed: Seed, swap: Callable[[str], str]) -> tuple[Mutated, ...]:
    """The swap made in text and target; none where the text stays or no such answer is allowed."""
    text = swap(seed.text)
    target = None if seed.target is None else swap(seed.target)
    refused = target is not None and seed.choices and target not in seed.choices
    return () if text == seed.text or refused else (Mutated(text, target),)
