"""Tables of facts: each relation is a list of pairs, ways to ask and ways to answer.

`np` are noun phrases, `q` questions; {x} is the thing asked about, {y} what is known.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Relation:
    pairs: str
    np: str
    q: str
    a: str

    def table(self) -> list[tuple[str, str]]:
        rows = [row.strip().split(":") for row in self.pairs.replace("\n", "|").split("|") if row.strip()]
        return [(x.strip(), y.strip()) for x, y in rows]


CAPITALS = """France:Paris|Germany:Berlin|Italy:Rome|Spain:Madrid|Portugal:Lisbon|Norway:Oslo|Sweden:Stockholm
Denmark:Copenhagen|Finland:Helsinki|Iceland:Reykjavik|Ireland:Dublin|England:London|Scotland:Edinburgh|Poland:Warsaw
Greece:Athens|Austria:Vienna|Switzerland:Bern|Belgium:Brussels|the Netherlands:Amsterdam|Hungary:Budapest
Russia:Moscow|Ukraine:Kyiv|Turkey:Ankara|Egypt:Cairo|Kenya:Nairobi|Nigeria:Abuja|Morocco:Rabat|Japan:Tokyo
China:Beijing|India:New Delhi|South Korea:Seoul|Thailand:Bangkok|Vietnam:Hanoi|Indonesia:Jakarta|Iran:Tehran
Iraq:Baghdad|Canada:Ottawa|Mexico:Mexico City|Cuba:Havana|Brazil:Brasilia|Argentina:Buenos Aires|Chile:Santiago
Peru:Lima|Colombia:Bogota|Australia:Canberra|New Zealand:Wellington|Romania:Bucharest|Croatia:Zagreb
the United States:Washington|Afghanistan:Kabul|Albania:Tirana|Algeria:Algiers|Angola:Luanda|Armenia:Yerevan
Azerbaijan:Baku|Bangladesh:Dhaka|Belarus:Minsk|Bolivia:Sucre|Bulgaria:Sofia|Cambodia:Phnom Penh|Cyprus:Nicosia
Costa Rica:San Jose|the Czech Republic:Prague|Ecuador:Quito|Estonia:Tallinn|Ethiopia:Addis Ababa|Georgia:Tbilisi|Ghana:Accra
Haiti:Port-au-Prince|Israel:Jerusalem|Jamaica:Kingston|Jordan:Amman|Kazakhstan:Astana|Latvia:Riga|Lebanon:Beirut
Libya:Tripoli|Lithuania:Vilnius|Malaysia:Kuala Lumpur|Malta:Valletta|Mongolia:Ulaanbaatar|Nepal:Kathmandu
North Korea:Pyongyang|Pakistan:Islamabad|Panama:Panama City|Paraguay:Asuncion|the Philippines:Manila|Qatar:Doha
Saudi Arabia:Riyadh|Senegal:Dakar|Serbia:Belgrade|Slovakia:Bratislava|Slovenia:Ljubljana|Somalia:Mogadishu
Sri Lanka:Colombo|Sudan:Khartoum|Syria:Damascus|Tanzania:Dodoma|Tunisia:Tunis|Uganda:Kampala|Uruguay:Montevideo
Venezuela:Caracas|Wales:Cardiff|Zambia:Lusaka|Zimbabwe:Harare"""

RELATIONS = [
    Relation(
        CAPITALS,
        "the capital of {x}|the capital of {x}|the capital city of {x}|{x}'s capital|{x}'s capital city"
        "|the name of the capital of {x}",
        "which city is the capital of {x}|what city is the capital of {x}|which town is the capital of {x}"
        "|what is {x}'s capital called|{x} has which capital|the capital of {x} is what|capital of {x}"
        "|what capital does {x} have|which capital belongs to {x}|where is the government of {x}"
        "|what is the capital called in {x}|{x} has what city as its capital|the capital of {x} is which city",
        "The capital of {x} is {y}.",
    ),
    Relation(
        "|".join(":".join(reversed(row.split(":"))) for row in CAPITALS.replace("\n", "|").split("|")),
        "the country of {x}|the country in which {x} is|the country where {x} lies|the country that {x} is in",
        "in which country is {x}|where is {x}|which country is {x} in|what country is {x} in|where is the city of {x}"
        "|{x} is in which country|which country has {x} as its capital|{x} is the capital of which country"
        "|{x} is the capital of what|where do i find {x}|in what country does {x} lie|to which country does {x} belong"
        "|{x} lies in what country|{x} is part of which country|in which land is the city of {x}"
        "|{x} is located in which country|{x} is a city in what land",
        "{x} is in {y}.",
    ),
    Relation(
        """a spider:eight legs|an ant:six legs|a bee:six legs|a dog:four legs|a cat:four legs|a horse:four legs
a bird:two legs|a human:two legs|a snake:no legs|a fish:no legs|a cow:four legs|a chicken:two legs|an octopus:eight arms
a crab:ten legs|a butterfly:six legs|an elephant:four legs|a duck:two legs|a table:four legs|a worm:no legs""",
        "the number of legs of {x}|how many legs {x} has|how many legs there are on {x}",
        "how many legs does {x} have|how many legs has {x}|what number of legs does {x} have|how many legs are on {x}"
        "|{x} has how many legs|on how many legs does {x} walk|{x} walks on how many legs",
        "{x} has {y}.",
    ),
    Relation(
        """Monday:Tuesday|Tuesday:Wednesday|Wednesday:Thursday|Thursday:Friday|Friday:Saturday|Saturday:Sunday
Sunday:Monday""",
        "the day after {x}|the next day after {x}|the day that follows {x}|the day which comes after {x}",
        "which day comes after {x}|what day comes after {x}|what day follows {x}|which day follows {x}"
        "|what day is after {x}|what comes after {x}|if today is {x}, what is tomorrow|today is {x}. what day is tomorrow"
        "|what day will it be the day after {x}|it is {x}. which day is next|today it is {x}. what will it be tomorrow"
        "|tomorrow is what day if today is {x}"
        "|suppose today is {x}. what day is tomorrow|if it is {x} now, what day is it tomorrow|after {x} comes which day"
        "|{x} is followed by which day|if it is {x} today, which day comes tomorrow|when today is {x} what is tomorrow",
        "The day after {x} is {y}.",
    ),
    Relation(
        """Tuesday:Monday|Wednesday:Tuesday|Thursday:Wednesday|Friday:Thursday|Saturday:Friday|Sunday:Saturday
Monday:Sunday""",
        "the day before {x}|the day that comes before {x}",
        "which day comes before {x}|what day is before {x}|if today is {x}, what was yesterday|today it is {x}. what was it yesterday"
        "|today is {x}. what day was yesterday|what day comes right before {x}",
        "The day before {x} is {y}.",
    ),
    Relation(
        """January:February|February:March|March:April|April:May|May:June|June:July|July:August|August:September
September:October|October:November|November:December|December:January""",
        "the month after {x}|the next month after {x}|the month that follows {x}|the month following {x}",
        "which month comes after {x}|what month comes after {x}|what month follows {x}|what month is after {x}"
        "|what comes after {x}|it is {x}. which month is next|after {x} comes which month|{x} is followed by which month"
        "|if this is {x}, what is next month|what will the month after {x} be|which month is right after {x}",
        "The month after {x} is {y}.",
    ),
    Relation(
        """a banana:yellow|a ripe banana:yellow|grass:green|the sky:blue|a lemon:yellow|snow:white|coal:black|milk:white
blood:red|a tomato:red|a strawberry:red|a carrot:orange|an orange:orange|a leaf:green|the sun:yellow|chocolate:brown
a frog:green|an elephant:grey|a flamingo:pink|a polar bear:white|a crow:black|the sea:blue|a cucumber:green|cheese:yellow
a pumpkin:orange|a fire engine:red|a cloud:white|mud:brown|a canary:yellow|a cherry:red|salt:white|the night:black
a plum:purple|an emerald:green|a ruby:red|ash:grey|a lime:green|sugar:white|a raven:black|a ripe tomato:red""",
        "the colour of {x}|the color of {x}|the usual colour of {x}|the colour that {x} has",
        "what colour is {x}|what color is {x}|which colour is {x}|which colour has {x}|what colour does {x} have"
        "|which color does {x} have|in which colour do we see {x}|{x} is what colour|{x} has which colour"
        "|of what colour is {x}|what colour do you think {x} is|would you tell me what colour {x} is"
        "|what colour would you say {x} has|what colour would you give {x}",
        "The colour of {x} is {y}.|The colour of {x} is {y}.",
    ),
    Relation(
        """cow:moo|dog:woof|cat:meow|sheep:baa|duck:quack|pig:oink|lion:roar|horse:neigh|frog:croak|bee:buzz|owl:hoot
snake:hiss|mouse:squeak|wolf:howl|bird:tweet|donkey:hee-haw|hen:cluck|goat:bleat|crow:caw|rooster:cock-a-doodle-doo""",
        "the sound of a {x}|the noise a {x} makes|the sound that a {x} makes|the noise of a {x}",
        "what sound does a {x} make|what does a {x} say|which sound does a {x} make|how does a {x} sound"
        "|which noise do we hear from a {x}|what does the {x} say|a {x} makes what sound|how does a {x} go"
        "|what noise comes from a {x}|what noise do {x}s make|which noise does a {x} make",
        "A {x} says {y}.",
    ),
    Relation(
        """dog:puppy|cat:kitten|cow:calf|horse:foal|sheep:lamb|goat:kid|pig:piglet|hen:chick|duck:duckling|bear:cub
lion:cub|frog:tadpole|swan:cygnet|deer:fawn|kangaroo:joey|goose:gosling|rabbit:kit|elephant:calf|fox:cub|owl:owlet""",
        "the name for a baby {x}|the word for a young {x}|the name of a young {x}|the word for a baby {x}",
        "what is a baby {x} called|what is a young {x} called|what do you call a baby {x}|what do we call a young {x}"
        "|how do you call a baby {x}|what's the baby of a {x} called|a young {x} is called what|what name has a baby {x}"
        "|which name do we give a baby {x}|a little baby {x} is a what|the young of a {x} is called what",
        "A baby {x} is called a {y}.",
    ),
    Relation(
        """days in a week:seven|months in a year:twelve|hours in a day:24|minutes in an hour:60|seconds in a minute:60
days in a year:365|weeks in a year:52|seasons in a year:four|letters in the alphabet:26|planets in the solar system:eight
continents on Earth:seven|colours in a rainbow:seven|fingers on a hand:five|toes on a foot:five|sides in a triangle:three
sides in a square:four|wheels on a car:four|wheels on a bicycle:two|eggs in a dozen:twelve|years in a century:100
years in a decade:ten|days in a leap year:366|sides in a hexagon:six|metres in a kilometre:1000|grams in a kilogram:1000
players in a football team:eleven|strings on a violin:four|wings on a bird:two|hours in half a day:twelve""",
        "the number of {x}|how many {x} there are",
        "how many {x} are there|how many {x} are there|what is the number of {x}|there are how many {x}"
        "|how many are the {x}|can you count the {x}|how many {x}",
        "There are {y} {x}.",
    ),
]

# More relations, each asked less often than those above.
MORE = [
    Relation(
        """France:French|Germany:German|Italy:Italian|Spain:Spanish|Portugal:Portuguese|England:English|Japan:Japanese
China:Chinese|Russia:Russian|Greece:Greek|Poland:Polish|Brazil:Portuguese|Mexico:Spanish|Argentina:Spanish|Egypt:Arabic
Turkey:Turkish|Sweden:Swedish|Norway:Norwegian|Denmark:Danish|Finland:Finnish|Austria:German|Hungary:Hungarian
the United States:English|Australia:English|the Netherlands:Dutch|Ukraine:Ukrainian|Iran:Persian|Morocco:Arabic""",
        "the language of {x}|the main language of {x}|the language that people speak in {x}",
        "what language do people speak in {x}|which language is spoken in {x}|what language is spoken in {x}"
        "|what do people speak in {x}|which language do they speak in {x}|what is the language of {x}",
        "People in {x} speak {y}.",
    ),
    Relation(
        """France:Europe|Germany:Europe|Italy:Europe|Spain:Europe|Norway:Europe|Poland:Europe|Greece:Europe|Egypt:Africa
Kenya:Africa|Nigeria:Africa|Morocco:Africa|Japan:Asia|China:Asia|India:Asia|Thailand:Asia|Vietnam:Asia|Iran:Asia
Canada:North America|Mexico:North America|the United States:North America|Brazil:South America|Argentina:South America
Chile:South America|Peru:South America|Sweden:Europe|Ireland:Europe|Portugal:Europe|Ghana:Africa|Ethiopia:Africa""",
        "the continent of {x}|the continent in which {x} lies",
        "on which continent is {x}|which continent is {x} in|in what continent does {x} lie|what continent is {x} on"
        "|to which continent does {x} belong|where in the world is {x}",
        "{x} is in {y}.",
    ),
    Relation(
        """cows:grass|horses:grass and hay|rabbits:grass and carrots|lions:meat|cats:meat and fish|dogs:meat|mice:cheese and grain
monkeys:fruit|squirrels:nuts|pandas:bamboo|giraffes:leaves|frogs:insects|spiders:insects|birds:seeds and worms|sheep:grass
whales:small sea animals|bears:fish, meat and berries|wolves:meat|elephants:leaves and grass|owls:mice|goats:grass and leaves""",
        "the food of {x}|the usual food of {x}|the food that {x} eat",
        "what do {x} eat|what do {x} like to eat|what food do {x} eat|what do {x} feed on|what is eaten by {x}"
        "|what should one give {x} to eat|{x} eat what",
        "Most {x} eat {y}.",
    ),
    Relation(
        """a bee:a hive|a bird:a nest|a spider:a web|a bear:a den|a fish:the water|a fox:a hole in the ground|a dog:a house
a horse:a stable|a rabbit:a hole in the ground|an ant:a hill of earth|a whale:the sea|a monkey:the trees|a camel:the desert
a lion:the grassland of Africa|a penguin:the cold south|a polar bear:the cold north|a frog:a pond|a king:a palace
a cow:a barn|a pig:a sty|a hen:a hen house|a squirrel:a tree|a snail:its shell|a bat:a cave""",
        "the home of {x}|the place where {x} lives",
        "where does {x} live|what is the home of {x} called|where do i find {x}|in what does {x} live|where is {x} at home"
        "|what does {x} live in|what is the home of {x}",
        "The home of {x} is {y}.",
    ),
    Relation(
        """mouse:mice|child:children|man:men|woman:women|foot:feet|tooth:teeth|goose:geese|leaf:leaves|knife:knives|wolf:wolves
sheep:sheep|fish:fish|ox:oxen|person:people|wife:wives|loaf:loaves|baby:babies|city:cities|box:boxes|bus:buses|church:churches
dog:dogs|house:houses|potato:potatoes|hero:heroes|life:lives|thief:thieves|story:stories|cat:cats|book:books""",
        "the plural of {x}|the plural form of {x}|the plural of the word {x}",
        "what is the plural of {x}|one {x}, two what|how do you write more than one {x}|what do you call more than one {x}"
        "|what is the word for many of one {x}",
        "The plural of {x} is {y}.",
    ),
    Relation(
        """go:went|see:saw|eat:ate|come:came|take:took|give:gave|run:ran|write:wrote|sing:sang|drink:drank|swim:swam|buy:bought
think:thought|teach:taught|catch:caught|bring:brought|find:found|make:made|know:knew|grow:grew|fly:flew|draw:drew
speak:spoke|break:broke|sleep:slept|keep:kept|feel:felt|leave:left|lose:lost|win:won|sit:sat|stand:stood|tell:told|sell:sold
be:was|have:had|do:did|say:said|get:got|fall:fell|hold:held|read:read|meet:met|begin:began|ride:rode|drive:drove|wear:wore""",
        "the past tense of {x}|the past of the verb {x}|the past form of {x}|the simple past of {x}",
        "what is the past tense of {x}|what is the past of {x}|today i {x}, and yesterday i what|how do you say {x} in the past",
        "The past tense of {x} is {y}.",
    ),
    Relation(
        """milk:cows|honey:bees|wool:sheep|eggs:hens|cheese:milk|butter:cream|bread:flour|wine:grapes|paper:wood|glass:sand
leather:the skin of animals|silk:silkworms|flour:grain|chocolate:cocoa beans|sugar:sugar cane and beets|ham:pigs|beef:cows
raisins:grapes|cider:apples|jam:fruit|furniture:wood|coins:metal|tyres:rubber""",
        "the origin of {x}|the source of {x}|what {x} is made from",
        "where does {x} come from|what does {x} come from|from what do we get {x}|what is {x} made of|what is {x} made from"
        "|who gives us {x}|where do we get {x} from",
        "We get {x} from {y}.",
    ),
    Relation(
        """water freeze:0 degrees Celsius|water boil:100 degrees Celsius|ice melt:0 degrees Celsius""",
        "the temperature at which {x}s",
        "at what temperature does {x}|at which temperature does {x}|when does {x}|how cold or hot must it be to make {x}",
        "It happens at {y}.",
    ),
]

# How the things of counting are also asked for: "days in a week" as "days does a week have".
HAVE_FORMS = "how many {part} does {whole} have|how many {part} has {whole}|{whole} has how many {part}"

SINGLES = """closest to the sun;nearest the sun;the first from the sun:planet:Mercury
the largest;the biggest;the largest of all:planet:Jupiter
the smallest;the littlest:planet:Mercury
the red one;called the red planet;known as the red planet:planet:Mars
the one with the big rings;famous for its rings:planet:Saturn
the one we live on;our home:planet:Earth
the farthest from the sun;furthest from the sun;most distant from the sun:planet:Neptune
the hottest:planet:Venus
the largest;the biggest:ocean:the Pacific
the largest;the biggest:continent:Asia
the smallest:continent:Australia
the longest:river:the Nile
the highest;the tallest:mountain:Mount Everest
the tallest:animal:the giraffe
the fastest;the quickest:land animal:the cheetah
the largest;the biggest:animal:the blue whale
the coldest:season:winter
the hottest;the warmest:season:summer
the first:month:January
the last:month:December
the shortest:month:February
the biggest;the largest:cat:the tiger
the tallest;the highest:bird:the ostrich
the slowest:mammal:the sloth
the closest;nearest to us;closest to us:star:the sun
the king of the animals;known as the king of animals:animal:the lion
the largest;the biggest:country:Russia
the smallest;the tiniest:country:Vatican City
the hardest:gemstone:the diamond
the first:letter:A
the last:letter:Z"""
