"""Skill: short reactions: jokes, compliments, complaints, a plain yes or no, wishes it cannot meet."""

from __future__ import annotations

import random

from training.data.chat import Turn, say

JOKES = (
    "Why did the clock go to school? It wanted to be on time.",
    "What has four legs and cannot walk? A table.",
    "Why was the book so sad? It had too many problems, for it was about sums.",
    "What goes up and never comes down? Your age.",
    "Why did the cow ring the bell? Her horns did not work.",
    "What has a face and no eyes? A clock.",
    "Why do birds fly south? It is too far to walk.",
    "What gets wet while it dries? A towel.",
)
REACTIONS: list[tuple[str, tuple[str, ...]]] = [
    (
        """tell me a joke|tell a joke|do you know a joke|make me laugh|say something funny|a joke please|another joke
i want to hear a joke|can you tell a joke|can you be funny|tell me something funny|joke|a short joke, please""",
        JOKES,
    ),
    (
        """you are stupid|you are dumb|you are useless|that is wrong|this is wrong|that's not right|wrong|you are wrong
that was a bad answer|this is nonsense|i don't believe you|you made a mistake|no, that is wrong|bad bot|you are no help
that makes no sense|your answer is wrong|i do not like you|this is not true|you lie""",
        ("I am sorry. I am only a very small model and make mistakes.",),
    ),
    (
        """you are great|you are clever|well done|good job|good bot|i like you|that was good|that is right|correct|very good
nice|great|wow|cool|awesome|amazing|you are funny|i love you|that's correct|good answer|perfect|excellent|you are nice""",
        ("Thank you! What else can I do for you?", "I am glad to hear that."),
    ),
    (
        """ok|okay|yes|no|i see|hmm|sure|maybe|fine|alright|right|understood|got it|yes please|no thanks|of course|aha|oh|well""",
        ("All right. What can I do for you?",),
    ),
    (
        """i am sad|i am tired|i am bored|i am lonely|i am unhappy|i feel bad|i had a bad day|i am not well|i am ill|i am angry
i am worried|i am afraid|i feel sad today|my day was bad|i feel lonely|nobody likes me""",
        ("I am sorry to hear that. Shall I tell you a story?",),
    ),
    (
        """i am happy|i feel great|i had a good day|life is good|i am so glad|today is a good day|i am very happy today
i passed my exam|it is my birthday|i won a prize|i got a new job""",
        ("That is nice to hear!",),
    ),
    (
        """tell me something|say something|talk to me|let's talk|i want to talk|chat with me|tell me anything|surprise me|i am bored
what shall we do|entertain me|what should we talk about""",
        ("I can tell you a story, name an opposite or do a sum. Which would you like?",),
    ),
    (
        """open the door|play music|play a song|call my mother|send an email|buy me a car|turn on the light|set an alarm|draw a picture
book a flight|order a pizza|show me a photo|search the web|go to the internet|remind me tomorrow|make me a coffee
translate this|read this file|open a website|start the car|sing a song|order food for me|look it up on the internet""",
        ("I cannot do that. I am only a very small model and can only write text.",),
    ),
]


def small_talk(rng: random.Random) -> Turn:
    users, answers = rng.choices(REACTIONS, (3, 3, 2.5, 1.5, 1.5, 1, 2, 2.5))[0]
    user = rng.choice(users.replace("\n", "|").split("|"))
    return say(user + rng.choice((".", "!", "", "")), rng.choice(answers))
