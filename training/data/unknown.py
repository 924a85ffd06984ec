"""Skill: saying that it does not know."""

from __future__ import annotations

import random

from training.data.asking import ask, ask_for
from training.data.chat import Turn, article, say
from training.data.definitions import HERE, asking
from training.data.person_names import made_up, person

FUTURE = """who will win the {game} {when}
who wins the {game} {when}
who is going to win the next {game}
which team will win the {game} {when}
what will happen {when}
what will the weather be like {when}
will it rain {when}
will it snow {when}
is it going to be sunny {when}
how much will a house cost {when}
what will the price of gold be {when}
which shares will rise {when}
what numbers will win the lottery {when}
which numbers should i pick in the lottery {when}
what are the winning numbers of the lottery {when}
will i be rich {when}
will i be happy {when}
will i pass my exam {when}
will my team win {when}
when will i die
when will the world end
who will be president {when}
who will win the election {when}
what will i do {when}
whom will i marry
will my train be late {when}
what will be in the news {when}
what will the teacher ask {when}
how many people will come to my party {when}
who is going to call me {when}
how will the game end {when}"""
PERSONAL = """what did i {did} {past}
where was i {past}
what did my {kin} {did} {past}
whom did i meet {past}
what is my {own}
what is the {own} of my {kin}
what's my {kin}'s {own}
what is the name of my {kin}
how old am i
how old is my {kin}
where do i live
where does my {kin} live
when is my birthday
when is my {kin}'s birthday
what am i thinking
what am i wearing
what colour is my {thing}
how much did my {thing} cost
where is my {thing}
where did i leave my {thing}
where are my {thing}s
how many {thing}s do i have
how many {thing}s are in my {place}
what is in my {place}
what do i have in my {place}
who is at my door
who is standing behind me
what is my {kin} doing now
does my {kin} like me
how much money is in my {place}
what do i want to {did}
which {thing} do i like best
how many {thing}s does my {kin} own"""
NOW = """what time is it
what time is it now
what is the time
what is the date today
which day is it today
what year is it
what is the weather like
how is the weather {there}
what is the weather {there} today
how warm is it {there}
is it raining {there}
is it cold {there} now
does the sun shine {there}
what is the temperature {there}
is it dark {there}
what is happening {there} right now
what is in the news today
what happened in the news
who is the president now
what is the price of gold today
how much does bread cost today
is the shop open now
how many people are {there} at the moment
what can you see {there}"""
HARD = """explain {topic}
explain {topic} to me
can you explain {topic}
can you teach me {topic}
please explain how {topic} works
tell me all about {topic}
what do you know about {topic}
prove {theorem}
give me a proof of {theorem}
show me the proof of {theorem}
how does one prove {theorem}
can you prove {theorem}
explain {theorem}
what is the idea behind {theorem}
write a program for {topic}
write code that does {topic}
write an essay about {topic}
summarise {topic}
what is the history of {topic}
who invented {topic}
translate this text into {language}
translate my letter into {language}
how do you say hello in {language}
speak {language} with me
what does this mean in {language}
how many people speak {language}
who wrote the book about {topic}
which film won the prize in {year}
what happened in {year}
what happened in the year {year}
who was king in {year}
who won the {game} in {year}
what is the best book on {topic}
what are the side effects of {topic}
how do i cure {topic}"""
SLOTS = {
    "game": "football game|football match|tennis match|race|world cup|match|chess game|cup|hockey game|cricket match",
    "when": "tomorrow|next week|next Monday|next Sunday|on Tuesday|on Saturday|next month|next year|in ten years|tonight"
    "|this evening|at the weekend|this weekend|in summer|next time|on Thursday|next Friday",
    "past": "yesterday|last night|this morning|today|last week|last summer|two days ago|on Monday|last Friday|an hour ago"
    "|for lunch|for dinner yesterday|at breakfast|this afternoon|last Sunday|this evening",
    "did": "eat|drink|do|say|buy|read|dream|see|wear|cook|write|have|lose|find|forget",
    "kin": "mother|father|brother|sister|uncle|aunt|wife|husband|teacher|neighbour|boss|dog|cat|son|daughter|best friend"
    "|cousin|grandmother|doctor",
    "own": "phone number|telephone number|password|address|age|shoe size|birthday|middle name|favourite food|weight"
    "|height|email address|bank account|favourite colour|number|secret|last name|favourite song",
    "thing": "car|house|coat|key|book|bicycle|shoe|phone|hat|bag|pen|coin|shirt|stamp|watch|umbrella|ticket",
    "place": "pocket|bag|fridge|house|car|cupboard|wallet|drawer|room|hand|desk|garden|purse|left pocket|kitchen",
    "there": "outside|here|in London|in my town|at home|where i live|in Paris|in my street|outside my door|by the sea"
    "|behind my house|near me|in front of my house|in Tokyo|in the garden",
    "topic": "quantum mechanics|general relativity|string theory|the stock market|tax law|organic chemistry|black holes"
    "|nuclear fusion|machine learning|the French revolution|the theory of evolution|photosynthesis|philosophy"
    "|the Roman empire|neural networks|modern art|sorting lists|Kant's ethics|thermodynamics|economics|DNA"
    "|the immune system|blockchain|calculus|linear algebra|the cold war|Buddhism|heart surgery|cancer|rocket engines"
    "|plate tectonics|the big bang|Shakespeare's sonnets|compilers|cryptography|music theory|a web server",
    "theorem": "the Riemann hypothesis|the four colour theorem|Goldbach's conjecture|the theorem of Pythagoras"
    "|Gödel's theorem|the prime number theorem|the fundamental theorem of algebra|Euler's formula|Bayes' theorem"
    "|Cantor's theorem|the central limit theorem|that P is not NP|Noether's theorem",
    "language": "French|German|Chinese|Spanish|Russian|Latin|Japanese|Greek|Arabic|Finnish|Turkish|Dutch|Hindi",
    "year": "1066|1492|1789|1815|1914|1969|1989|2001|2010|1755|1848|1923",
}
DEEP = """what is the meaning of life
why are we here
is there life on other planets
what comes after death
what is the best country in the world
which party should i vote for
what should i do with my life
should i buy a house
how do i become rich
how do i lose weight
what is the secret of happiness
why do people fight
how do i fix my car
how do i cook a good dinner
how can i learn to swim
what should i wear
which phone should i buy
can you recommend a film
what is the best song
how do i get to the station
why did she leave me
can pigs fly to the moon
how many stars are there
how deep is the sea
how far is it to the moon
how long does it take to walk around the earth
how heavy is a mountain
what is your opinion on politics
why is the sky so high
how do planes stay up
who was the first person on earth
write me a letter to my boss
fix the bug in my code
what is wrong with my computer""".splitlines()
FOREIGN = """bonjour|hola|guten tag|ciao|comment ça va|wie geht es dir|qué tal|buenos días|merci beaucoup|danke schön
parlez-vous français|sprechen sie deutsch|habla español|wer bist du|qui es-tu|quién eres|was ist das|come stai|hej|olá
konnichiwa|privet|grazie|au revoir|auf wiedersehen|adiós|ni hao|wie heißt du|comment tu t'appelles|dove sei""".replace(
    "\n", "|"
).split("|")
KEYS = "asdfghjkl qwertyuiop zxcvbnm"
PLACES = "the capital of {x}|the capital city of {x}|the population of {x}|the king of {x}|the president of {x}|the flag of {x}"
WHO = (
    "who is {x}|who was {x}|what did {x} do|when was {x} born|what is {x} famous for|tell me about {x}|do you know {x}"
)
RARE = (HERE / "rare_words.txt").read_text(encoding="utf-8").split()
FULL = ("I am sorry, I do not know that.", "I do not know. I am only a very small model.", "I do not know that.")
WORD = ("I do not know the word {w}.", "I do not know what {w} means.")


def fill(rng: random.Random, text: str) -> str:
    for slot, values in SLOTS.items():
        while f"{{{slot}}}" in text:
            text = text.replace(f"{{{slot}}}", rng.choice(values.split("|")), 1)
    return text


def gibberish(rng: random.Random) -> str:
    """What a cat types."""
    return " ".join(
        "".join(rng.choice(KEYS.replace(" ", "")) for _ in range(rng.randint(3, 9))) for _ in range(rng.randint(1, 3))
    )


def unknown(rng: random.Random) -> Turn:
    roll = rng.random()
    if rng.random() < 0.14:
        kind = rng.random()
        if kind < 0.35:
            return say(gibberish(rng), "I do not understand that.")
        if kind < 0.55:
            return say(rng.choice(FOREIGN) + rng.choice(("", "!", "?")), "I am sorry, I only know English.")
        return say(ask(rng, rng.choice(DEEP)), rng.choice(FULL))
    if roll < 0.27:
        word = made_up(rng) if rng.random() < 0.55 else rng.choice(RARE)
        return say(asking(rng, word, article(word)), rng.choice(WORD).format(w=word), word)
    if roll < 0.32:
        place = made_up(rng).capitalize()
        return say(ask_for(rng, rng.choice(PLACES.split("|")).format(x=place)), rng.choice(FULL), place)
    if roll < 0.38:
        who = f"{person(rng)} {made_up(rng).capitalize()}"
        return say(ask(rng, rng.choice(WHO.split("|")).format(x=who)), rng.choice(FULL), *who.split())
    kinds = (FUTURE, PERSONAL, NOW, HARD)
    text = fill(rng, rng.choice(rng.choices(kinds, (3, 4, 2, 3.5))[0].splitlines()))
    return say(ask(rng, text), rng.choice(FULL))
