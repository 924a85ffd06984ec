"""Skill: opposites."""

from __future__ import annotations

import random

from training.data.asking import ask, ask_for
from training.data.chat import Turn, say

PAIRS = """hot cold|big small|tall short|heavy light|fast slow|happy sad|early late|empty full|noisy quiet|loud soft
brave cowardly|generous stingy|narrow wide|sharp blunt|strong weak|rich poor|old young|new old|clean dirty|wet dry
hard soft|easy difficult|simple complicated|open closed|up down|left right|in out|on off|high low|deep shallow
thick thin|long short|near far|day night|black white|dark bright|good bad|right wrong|true false|alive dead
asleep awake|begin end|start stop|buy sell|give take|come go|love hate|win lose|push pull|laugh cry|question answer
front back|top bottom|first last|before after|above below|inside outside|north south|east west|summer winter
friend enemy|hero villain|king queen|boy girl|man woman|brother sister|mother father|husband wife|uncle aunt
polite rude|kind cruel|honest dishonest|lazy hardworking|safe dangerous|smooth rough|straight crooked|tight loose
warm cool|sweet sour|fresh stale|raw cooked|cheap expensive|beautiful ugly|clever stupid|wise foolish|calm nervous
proud humble|patient impatient|possible impossible|legal illegal|visible invisible|happy unhappy|fair unfair
lucky unlucky|equal unequal|usual unusual|known unknown|common rare|ancient modern|public private|major minor
maximum minimum|more less|many few|always never|everything nothing|everyone nobody|everywhere nowhere|yes no
accept refuse|arrive leave|attack defend|build destroy|increase decrease|rise fall|float sink|forget remember
freeze melt|join separate|lend borrow|lock unlock|praise blame|reward punish|save waste|send receive|show hide
sit stand|speak listen|succeed fail|teach learn|throw catch|whisper shout|work rest|fill empty|find lose
absent present|active passive|alike different|artificial natural|awkward graceful|bitter sweet|bold shy|boring exciting
busy idle|careful careless|cheerful gloomy|complete incomplete|correct incorrect|crowded deserted|curved straight
direct indirect|entrance exit|even odd|exterior interior|fat thin|fiction fact|flexible stiff|forward backward
free trapped|frequent rare|funny serious|gentle rough|giant tiny|guilty innocent|healthy sick|heaven hell|hungry full
include exclude|junior senior|large small|liquid solid|little big|lost found|mature immature|mend break|merry sad
negative positive|normal strange|obey disobey|optimist pessimist|parent child|past future|peace war|permanent temporary
plural singular|powerful weak|quick slow|regular irregular|shrink grow|single married|sunny cloudy|tame wild
timid brave|together apart|transparent opaque|ugly beautiful|vertical horizontal|victory defeat|wide narrow
small big|cold hot|light heavy|slow fast|sad happy|late early|full empty|quiet noisy|short long|weak strong|poor rich
young old|dirty clean|dry wet|soft hard|difficult easy|closed open|down up|low high|shallow deep|thin thick|far near
night day|white black|bad good|wrong right|false true|cowardly brave|stingy generous|blunt sharp
dangerous safe|cruel kind|rude polite|loose tight|rough smooth
cool warm|sour sweet|cheap expensive|expensive cheap|stupid clever|nervous calm|impatient patient|impossible possible
rare common|modern ancient|private public|less more|few many|never always|nothing everything|refuse accept|leave arrive
destroy build|decrease increase|fall rise|sink float|forget remember|melt freeze|borrow lend|sell buy|take give|go come
hate love|lose win|pull push|cry laugh|answer question|back front|bottom top|last first|after before|below above
outside inside|south north|west east|enemy friend|queen king|girl boy|woman man|sister brother|father mother|wife husband
aunt uncle|dishonest honest|end begin|stop start|asleep awake|dead alive|death life|life death|crooked straight|gloomy cheerful
shout whisper|stand sit|fail succeed|learn teach|rest work|future past|war peace|defeat victory|wild tame|exit entrance
optimistic pessimistic|brave cowardly|lively dull|dull bright|evil good|foolish wise|innocent guilty|sick healthy|lazy busy
unlucky lucky|unhappy happy|unfair fair|invisible visible|illegal legal|minimum maximum|minor major|senior junior|female male
male female|son daughter|daughter son|nephew niece|niece nephew|prince princess|princess prince|host guest|guest host
debit credit|profit loss|loss profit|import export|export import|ceiling floor|sunrise sunset|sunset sunrise|dawn dusk
dusk dawn|midnight noon|noon midnight|heat cold|wealth poverty|poverty wealth|joy sorrow|sorrow joy|beauty ugliness
courage fear|strength weakness|weakness strength|truth lie|order chaos|chaos order|success failure|failure success
arrival departure|departure arrival|positive negative|plus minus|subtract add|add subtract|multiply divide|divide multiply
open shut|shut open|quickly slowly|slowly quickly|loudly quietly|well badly|often seldom|seldom often|here there|there here
this that|these those|asking answering|rising falling|sober drunk|ripe unripe|famous unknown|modest vain|firm soft
tidy messy|messy tidy|neat untidy|similar different|different same|same different|whole part|main side|urban rural
rural urban|thoughtful thoughtless|useful useless|useless useful|hopeful hopeless|painful painless|harmful harmless
fearless fearful|stale fresh|moist dry|damp dry|faint strong|huge tiny|tiny huge|lengthy brief|brief lengthy"""
ROWS = [pair.split() for pair in PAIRS.replace("\n", "|").split("|")]
# The first pair of a word is the one that counts.
TABLE: dict[str, str] = dict(reversed(ROWS))

NOUN_PHRASES = """the opposite of {w}
the opposite of {w}
the opposite of the word {w}
the opposite word of {w}
the opposite word for {w}
the opposite to {w}
an opposite of {w}
the antonym of {w}
the antonym for {w}
an antonym of {w}
an antonym for {w}
an antonym for the word {w}
the contrary of {w}
the contrary to {w}
the reverse of {w}
a word that means the opposite of {w}
a word which is the opposite of {w}
a word meaning the reverse of {w}
a word with the opposite meaning to {w}
the word opposite in meaning to {w}""".splitlines()

QUESTIONS = """what word is the opposite of {w}
which word is the opposite of {w}
which word means the opposite of {w}
what is {w} the opposite of
what do you call the opposite of {w}
what is not {w} but the contrary
{w} is the opposite of what
{w} is the opposite of which word
what antonym does {w} have
which antonym does {w} have
{w} has what opposite
the opposite of {w} is what
how do you say the opposite of {w}
if it is not {w}, what is it? what is the opposite
something is the opposite of {w}, what is it""".splitlines()

ANSWERS = ("The opposite of {w} is {o}.", "The opposite of {w} is {o}.", "{o} is the opposite of {w}.")


def opposite(rng: random.Random) -> Turn:
    word = rng.choice(list(TABLE))
    roll = rng.random()
    shown = f"'{word}'" if roll < 0.2 else f'"{word}"' if roll < 0.3 else word
    if rng.random() < 0.65:
        user = ask_for(rng, rng.choice(NOUN_PHRASES).format(w=shown))
    else:
        user = ask(rng, rng.choice(QUESTIONS).format(w=shown))
    answer = rng.choice(ANSWERS).format(w=word, o=TABLE[word])
    return say(user, answer[0].upper() + answer[1:], word)
