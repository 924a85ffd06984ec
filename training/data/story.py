"""Skill: a short story about whatever is asked for, out of a small grammar of plots."""

from __future__ import annotations

import random

from training.data.chat import Turn, article, capital, listed, pick, say
from training.data.person_names import made_up

ANIMALS = listed("""fox dragon rabbit cat dog mouse bear wolf lion tiger elephant monkey owl frog duck hen horse cow goat pig sheep
hedgehog squirrel turtle snail bee ant spider whale dolphin penguin crow eagle parrot donkey camel giraffe deer unicorn
kitten puppy butterfly swan goose crab fish seal otter beaver badger lizard snake""")
PEOPLE = listed("""sailor robot king queen prince princess knight wizard witch farmer baker teacher doctor pilot painter singer boy girl
child giant ghost pirate fisherman gardener hunter tailor shepherd soldier dancer cook clown miller grandmother
grandfather woman man student inventor astronaut captain fairy elf dwarf monster thief nurse musician writer""")
THINGS = listed("""flower tree cloud star moon river boat ship train car bicycle clock lamp key book letter kite ball doll teapot
pumpkin snowman lighthouse castle bridge violin piano bell balloon hat umbrella chair shoe stone mountain candle""")
ADJECTIVES = listed("""old young little big small brave shy clever lazy hungry tired happy sad lonely friendly curious kind tiny lost
red white grey grumpy funny poor sleepy quiet proud""")
PLACES = """in a green forest|near a quiet lake|at the edge of a small village|in a house by the sea|on a high hill|in a wide
valley|under an old bridge|on a small island|in a big town|beside a slow river|in a warm garden|behind a farm""".replace(
    "\n", " "
).split("|")

ASKS = """tell me a story {s}.
tell me a short story {s}.
tell me a tale {s}.
tell me a little story {s}.
tell a story {s}.
tell us a story {s}.
can you tell me a story {s}?
could you tell a short story {s}?
please tell me a story {s}.
write a story {s}.
write a short story {s}.
write me a tale {s}.
write a small tale {s} for my son.
write a story {s} for children.
write something {s}, a story.
make up a story {s}.
make up a short tale {s}.
invent a story {s}.
invent a little tale {s}.
i want a story {s}.
i want to hear a story {s}.
i would like a story {s}.
i would like to hear a short tale {s}.
i'd love to hear a tale {s}.
i'd like a bedtime story {s}.
give me a story {s}.
give me a bedtime story {s}.
may i have a story {s}?
can i hear a story {s}?
can we have a tale {s}?
do you know a story {s}?
do you know any tale {s}?
a story {s}, please.
a short story {s}
story {s}
my daughter wants a story {s}.
my children would love a tale {s}.
tell my little brother a story {s}.
read me a story {s}.
it is bedtime. tell me a tale {s}.""".splitlines()
SUBJECT = (
    "about {s}|about {s}|about {s}|with {s}|with {s} in it|of {s}|on {s}|where {s} plays a part|that has {s} in it"
)
AFTERWARDS = "about {s}|about {s}|with {s}"
ANY = """tell me a story.
tell me a short story.
tell me something nice. a story, please.
tell me a bedtime story.
can you tell me a story?
can you tell stories?
do you know a story?
i want to hear a story.
i would like a story.
i'd like to hear any story.
please write a story.
make up a story.
write any story you like.
tell me a tale, any tale.
story please
a story, please.
time for a story!
bedtime! i want a story.
give me a story.
tell a nice story
one short story, please.
tell me your favourite story.
i am bored. tell me a story.
another story, please."""

OPEN = """Once upon a time there was {ah} who lived {p}.
Once there was {ah} who lived {p}.
Long ago, {ah} lived {p}.
There once was {ah} who lived {p}."""
PLOTS = [
    """One {day} the {h} found a small golden key under a leaf.
It opened a box in the old wall, and inside lay {ao}.
The {h} carried it home and was very glad.|The {h} did not keep it, but gave it to a poor neighbour.""",
    """One {day} the {h} met {af} who had lost the way.
"Do not cry," said the {h}, "we will find your home together."
They walked until the sun went down and saw a light far away.
It was the right house, and there was warm soup for both.""",
    """One {day} a strong storm came and blew the roof away.
The {h} was cold and wet and did not know what to do.
Then {af} came by and helped to build a new roof.
In the evening they sat by the fire and laughed.""",
    """The {h} wanted to see the sea, but the way was long.
One {day} {af} said, "Come with me, I know a short path."
They went over three hills and through a dark wood.
At last they saw the blue water, and both of them danced.""",
    """Every night the {h} heard a strange noise outside.
One {day} the {h} took a lamp and went to look.
It was only {af} who could not sleep.
They drank warm milk and talked until the morning.""",
    """The {h} had no friends and often felt alone.
One {day} {af} knocked at the door and asked for some water.
They shared a cake and told each other jokes.
Since then they meet every week.|After that the house was never quiet again.""",
    """One {day} the {h} lost {ao} in the deep grass.
The whole day went by, and still it was not found.
Then {af} looked under a stone, and there it was.
The {h} was so happy that everybody got a piece of cake.""",
    """The {h} wished to learn to sing.
At first it sounded terrible, and the birds flew away.
But {af} was patient and gave a lesson every {day}.
In spring the whole village came to listen and clapped.""",
]
TOGETHER = """One {day} the {h} saw {af} and stopped in surprise.
"What a fine {f} you are," said the {h} softly.
The two of them spent the whole summer side by side.
When the winter came, the {h} kept the {f} safe and warm."""
ENDS = """From that day on they were the best of friends.
And they lived happily ever after.
That night everyone slept well.
And if you listen well, you can still hear them laugh.
Since then nobody there was ever sad again."""
DAYS = "day|morning|evening|sunny day|cold morning|rainy day|summer day|winter evening"
OBJECTS = "silver ring|red apple|little bell|blue stone|shiny coin|warm hat|small drum|toy boat|gold watch|letter"


def hero(rng: random.Random) -> str:
    roll = rng.random()
    if roll < 0.36:
        return rng.choice(ANIMALS)
    if roll < 0.7:
        return rng.choice(PEOPLE)
    return rng.choice(THINGS) if roll < 0.9 else made_up(rng)


def tell(rng: random.Random, who: str, adjective: str, friend: str | None) -> str:
    """Five or six sentences; with a `friend` that was asked for, the plot of two together."""
    plot = TOGETHER if friend else rng.choice(PLOTS)
    other = friend or rng.choice([n for n in ANIMALS + PEOPLE if n != who])
    words = {
        "h": who,
        "f": other,
        "af": article(other if friend else f"{rng.choice(ADJECTIVES)} {other}"),
        "ah": article(f"{adjective} {who}"),
        "ao": article(rng.choice(OBJECTS.split("|"))),
        "p": rng.choice(PLACES),
        "day": rng.choice(DAYS.split("|")),
    }
    middle = [rng.choice(line.split("|")) for line in plot.splitlines()]
    return " ".join(s.format(**words) for s in [pick(rng, OPEN), *middle, pick(rng, ENDS)])


def story(rng: random.Random) -> Turn:
    who, adjective, friend = hero(rng), rng.choice(ADJECTIVES), None
    roll = rng.random()
    if roll < 0.14:
        return say(pick(rng, ANY), tell(rng, who, adjective, None))
    subject = article(who)
    if roll < 0.4:
        subject = article(f"{adjective} {who}")
    if roll > 0.75:
        friend = rng.choice([x for x in (hero(rng), hero(rng)) if x != who] or ["bird"])
        subject = f"{article(who)} and {article(friend)}"
    forms = (AFTERWARDS if friend else SUBJECT).split("|")
    user = rng.choice(ASKS).format(s=rng.choice(forms).format(s=subject))
    if rng.random() < 0.1 and not friend:
        start = pick(rng, ANY)
        user = f"{start} {pick(rng, 'it should have {s} in it.' + chr(10) + 'let it be about {s}.').format(s=subject)}"
    return say(capital(user), tell(rng, who, adjective, friend), who, friend or who)
