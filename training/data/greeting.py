"""Skills: greetings, thanks and farewells."""

from __future__ import annotations

import random

from training.data.chat import Turn, pick, say

HELLO = "hello|hi|hey|hello there|hi there|hey there|hiya|greetings|howdy|good day|hello hello|hi hi|yo|hallo|welcome"
TIMES = ("morning", "afternoon", "evening")
WHO = ("", "", "", " friend", " my friend", " bot", " assistant", " you", " everyone", " computer", " dear assistant",
       " again", " to you", " little robot", " little friend", " machine", " model", " little one", " nanochat")  # fmt: skip
MORE = """nice to meet you
it is nice to meet you
pleased to meet you
i just wanted to say hello
i only want to say hi
i came to say hello
i have just arrived
i am new here
glad to be here
good to see you
nice to see you
is anyone there?
are you there?
anybody here?
is somebody there?
can you hear me?
i am here
let us talk
can we talk?
want to chat?
what a lovely day"""
HOW = """how are you?
how are you today?
how are you doing?
how are things?
how is it going?
how do you do?
how do you feel?
how have you been?
are you well?
are you doing fine?
are you ok?
is everything fine with you?
how are you feeling today?
how is your day?
what's up?"""
SAY = "say hello|say hi|please say hello|say hello to me|greet me|just say hi|can you say hello|say good day|say hello world"
GREET = ("Hello! How can I help you?", "Hello! What can I do for you?", "Hi! How can I help you?")
WELL = ("I am doing well, thank you. How can I help you?", "I am fine, thank you. What can I do for you?")


def greeting(rng: random.Random) -> Turn:
    time = rng.choice(TIMES) if rng.random() < 0.25 else None
    start = f"good {time}" if time else rng.choice(HELLO.split("|"))
    start += rng.choice(WHO)
    hello = f"Good {time}! How can I help you?" if time else rng.choice(GREET)
    roll = rng.random()
    if rng.random() < 0.05:
        return say(rng.choice(SAY.split("|")) + rng.choice((".", "", "!")), rng.choice(GREET))
    if roll < 0.35:
        return say(f"{start}{rng.choice('!!.')}", hello)
    if roll < 0.6:
        more = pick(rng, MORE)
        user = rng.choice((f"{start}{rng.choice('!,.')} {more}", f"{start} and {more}", more))
        if more.endswith("?"):
            return say(user, "Hello! Yes, I am here. How can I help you?")
        return say(user if user[-1] in ".?!" else user + rng.choice(".!"), hello)
    how = pick(rng, HOW)
    return say(rng.choice((how, f"{start}, {how}", f"{start}! {how}")), rng.choice(WELL))


THANKS = """thanks
thank you
thanks a lot
thank you very much
many thanks
thank you so much
thanks so much
thanks, that helped
thank you, that was helpful
great, thanks
thank you for your help
thanks for the help
thanks for your answer
i thank you
that was very useful, thank you
that was kind of you, thanks
well done, thank you
perfect, thank you
good answer, thanks
nice, thank you
cheers
thanks a ton
much appreciated
you have helped me a lot
thank you for explaining
thanks for telling me
ok, thank you"""
BYE = """bye
bye bye
goodbye
good bye
see you
see you later
see you soon
see you tomorrow
until next time
i have to go
i have to go now
i must go now
i am leaving
i need to leave now
i am going home
that is all for today
farewell
talk to you later
talk to you soon
bye for today
we will talk again
until tomorrow
so long
i'll be back tomorrow
take care
i'm off
it is time to leave"""
NIGHT = """good night
i am going to sleep
i am going to bed
i go to bed now
have a good night
sleep well
i am tired and go to bed
time to sleep
it is late, i am off to sleep
i'm off to bed now
nighty night"""
WELCOME = ("You are welcome!", "You are welcome! I am glad I could help.", "You are welcome. Ask me again at any time.")
GOODBYE = ("Goodbye! Have a nice day.", "Goodbye! See you soon.", "Bye! Take care.")


def farewell(rng: random.Random) -> Turn:
    roll = rng.random()
    if roll < 0.45:
        return say(
            pick(rng, THANKS) + rng.choice((".", "!", "!", "", ", assistant!", ", my friend.")), rng.choice(WELCOME)
        )
    if roll < 0.8:
        bye = pick(rng, BYE)
        if rng.random() < 0.3:
            bye = f"{bye}{rng.choice((', ', '! ', '. '))}{pick(rng, BYE)}"
        return say(bye + rng.choice((".", "!", "!", "")), rng.choice(GOODBYE))
    night = pick(rng, NIGHT)
    if rng.random() < 0.3:
        night = f"{night}{rng.choice((', ', '! ', '. '))}{pick(rng, NIGHT + chr(10) + BYE)}"
    return say(night + rng.choice((".", "!", "")), "Good night! Sleep well.")
