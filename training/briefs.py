"""Cards for writing check-ins: each asks for one text, so that together they are as varied as life.

`python -m training.briefs FOLDER` writes the cards of every batch, always the same ones. Who tags a text never sees
its card: what a card asks for is a wish, what counts is what stands in the text.
"""

import itertools
import random
import sys
from collections.abc import Iterator
from pathlib import Path

SEED = 20261124
CARDS_IN_BATCH = 320
CARDS_IN_FILE = 40

BATCHES = {
    "plain": "Plain-spoken people who say things once. Concrete, few images, little drama; feelings named by ordinary words.",
    "winding": "Talkers who wander: restarts, side stories, the point comes late or in passing. Images of their own making.",
    "dry": "Dry humour, irony, self-mockery, banter. What is felt hides under a joke but is still there to be heard.",
    "raw": "Late at night, straight after it happened, unfinished. Anger, fear, grief, shame; strong words where they fit.",
    "weekly": "The couple's regular check-in and household talk: fair-minded, asks, needs and agreements; long marriages, new "
    "parents, housemates, carers, long distance.",
    "aftermath": "Post-mortems of a hard moment: who said what, told words, ultimatums, blame taken back, lines drawn.",
    "bright": "Good weeks: joy, pride, relief, wonder, thanks, desire, play, new love, old friends, small wins; a shadow now and then.",
    "passing": "Short everyday notes: errands, news of the day, half a thought, with or without one true sentence inside.",
}
"""Name of a batch -> the hand it is written in."""

_FEELINGS = {
    "joyful": 150, "tense": 140, "afraid": 125, "pained": 130, "angry": 120, "embarrassed": 105, "excited": 95,
    "grateful": 95, "affectionate": 105, "sad": 110, "annoyed": 110, "disquieted": 95, "peaceful": 90, "fatigued": 90,
    "confident": 80, "yearning": 80, "disconnected": 75, "confused": 75, "hopeful": 70, "vulnerable": 65,
    "averse": 60, "engaged": 60, "inspired": 55, "refreshed": 55,
}
_NEEDS = [
    "acceptance", "affection", "appreciation", "belonging", "closeness", "being_heard", "consideration", "empathy",
    "mutuality", "respect", "support", "reliability", "security", "trust", "honesty", "authenticity", "ease", "harmony",
    "order", "rest", "health", "play", "contribution", "growth", "meaning", "competence", "autonomy", "space",
]
_OF_EACH_NEED = 32
_FEELING_WAYS = {
    "an ordinary word": 30, "an ordinary word with an intensifier": 12, "an idiom": 24, "what the body does": 18,
    "what somebody does because of it": 8, "an image of the speaker's own": 14,
}
_FEELING_TURNS = {"": 62, "denied ('not ... any more', 'wasn't ...')": 8, "of the partner": 16, "of a child, parent, friend or boss": 8,
                  "long over": 6}
_NEED_WAYS = {"named outright": 30, "told through its lack": 32, "as what matters to the speaker": 18, "by an image that plainly names it": 20}
_NEED_TURNS = {"": 82, "the partner's need": 12, "somebody else's": 6}
_ACTS = {
    "request": (430, ["'could you / would you / will you'", "'would you be willing'", "'can we try'", "'I'd love it if'",
                      "'I wish she'd / he'd / you'd'", "one the speaker made and now tells of", "one planned for later",
                      "a measured 'I want you to / I'd like us to'", "one that somebody made of the speaker", "one that is a plain question"]),
    "demand": (360, ["'I need you to'", "'you have to / must / had better'", "'you're supposed to / should'", "an imperative in anger",
                     "an ultimatum", "'I shouldn't have to ask'", "an order that somebody gave the speaker", "one the speaker made and now tells of",
                     "'he needs to / she has to / they have to'", "one that is denied ('I don't need you to ...')", "an angry 'from now on'"]),
    "evaluation": (500, ["a label put on the partner", "a label put on a parent, friend or boss", "mind-reading of a motive",
                         "a faux feeling (ignored, used, unheard, attacked, taken for granted ...)", "'doesn't care / doesn't even try'",
                         "a verdict on oneself", "a verdict that is denied ('he's not a bad man')", "a verdict that somebody passed on the speaker",
                         "'you're overreacting', 'she's being ...'", "blame for how things are"]),
    "absolute": (320, ["'you never' / 'he never'", "'always' about the partner", "'nobody' / 'everyone'", "'nothing I do'",
                       "about oneself", "inside blame", "'every single time'", "somebody else's words", "a warm one about the two of them"]),
    "boundary": (300, ["'I'm not going to'", "'I won't ... again'", "'if ... I'll leave / hang up / go to bed'", "to protect time or sleep or work",
                       "with family or in-laws", "with the phone or work", "a no that was said", "'I'm not available / not up for'",
                       "what the speaker has decided to stop doing", "with an ex or a co-parent"]),
}
_NEAR_MISSES = [
    "'I feel like / I feel that' with a thought", "a want for a thing", "'I have to' that nobody demands", "'always / never' as a literal fact",
    "'love you' as a sign-off", "'fine', 'okay', 'not bad' as small talk", "an offer ('shall I ...')", "kindly advice", "a neutral opinion of a film or meal",
    "'if I were angry I'd ...'", "hunger, cold, a cough or sore feet", "an apology ('sorry I ...')", "a feeling word as a name or title (song, film, shop, pet)",
    "'I'm afraid that' as politeness", "'happy to' as politeness", "'need' of a thing ('we need milk')", "'hate' or 'love' of food or weather",
    "'mad', 'sick' or 'wicked' as slang praise", "a warm opinion of somebody", "instructions on the washing machine or the bins",
]
_AGES = ["19", "23", "26", "29", "31", "34", "37", "41", "44", "48", "52", "57", "63", "68", "74", "81"]
_ENGLISHES = [
    "General American", "General American", "Southern US", "Midwest US", "New York", "African American English", "California",
    "Southern England", "Northern England", "Yorkshire", "Midlands", "Welsh", "Scottish", "Glasgow", "Irish", "Belfast", "Australian", "New Zealand",
    "South African", "Nigerian English", "Ghanaian English", "Kenyan English", "Indian English", "Pakistani English", "Singapore English",
    "Filipino English", "Jamaican English", "Caribbean English", "Canadian", "German speaker's English", "Spanish speaker's English",
    "Polish speaker's English", "Chinese speaker's English", "Arabic speaker's English", "French speaker's English", "Brazilian speaker's English",
]
_LIVES = [
    "married with small children", "married, children grown", "new relationship", "engaged", "long-distance couple", "separated, sharing the children",
    "divorced, dating again", "widowed", "single and content", "single and looking", "same-sex couple (women)", "same-sex couple (men)",
    "non-binary speaker, partner of ten years", "open relationship", "living with a parent who is ill", "carer of a partner", "expecting a child",
    "trying for a child", "lost a child or a pregnancy", "shift workers who hardly meet", "one partner away (army, oil rig, ship, fruit picking)",
    "blended family", "empty nest", "just moved to another country", "student in a shared house", "running a shop or farm together",
    "partner in recovery", "speaker in recovery", "partner out of work", "retired together", "married for fifty years", "living with in-laws",
    "foster parents", "friends who live together", "grandparent raising a grandchild", "a person with a disability and their partner", "religious couple", "second marriage",
]
_TOPICS = [
    "the school run", "a bill that came", "a birthday", "the in-laws' visit", "who gets up at night", "a hospital appointment", "a job interview", "a lost job",
    "a promotion", "the phone at the table", "a holiday plan", "a funeral", "a wedding", "the dog or cat", "a leaking roof", "sex or its absence",
    "a secret purchase", "an old friend's message", "a test result", "exams", "a child's trouble at school", "moving house", "the garden or allotment",
    "cooking", "a long drive", "a broken car", "a night out", "drinking", "gambling", "the gym or running", "a choir, band or team", "church, mosque or temple",
    "an argument about tidiness", "an argument about money", "an argument about time", "an apology", "a surprise", "a walk", "the weather at work",
    "a boss", "a colleague", "a neighbour", "a text that was not answered", "a call with mum or dad", "a sister or brother", "a teenager", "a baby",
    "a diagnosis", "therapy", "sleep", "a dream", "an anniversary", "Christmas, Eid, Diwali or New Year", "a power cut", "a delay or missed train", "a visa or papers",
    "a house viewing", "a shared calendar", "laundry", "shopping", "a game night", "a film or book", "an ex turning up", "jealousy", "a lie found out", "a promise kept",
    "a promise broken", "being late", "a dance or concert", "a small kindness", "a compliment", "being laughed at", "a row in the car", "silence after a row",
    "making up", "a decision to wait", "a decision to leave", "children leaving", "a grandchild", "growing old", "an illness coming back", "a good nap", "the sea, hills or woods",
    "night shift", "overtime", "unpaid work", "a course or degree", "learning to swim, drive or read", "a craft or instrument", "an accident", "a scare", "a robbery",
    "a stranger's help", "a reunion", "homesickness", "language trouble", "food from home", "a video call", "an unexpected gift", "a debt", "a will or inheritance",
    "a haircut or new clothes", "body and ageing", "a photo", "the football or cricket", "a queue", "a form", "a spider or mouse", "snow", "a heatwave",
]
_FORMS = {
    "written out by a good recogniser: capitals, commas, full stops; one or two 'um' or restarts": 34,
    "written out with capitals and full stops, clean speech": 20,
    "recogniser without punctuation: all lower case, no full stops or commas, no apostrophes (dont, im)": 22,
    "lower case, rare full stops, three or so words misheard as homophones (write/right, there/their, to/too, here/hear, no/know, weather/whether)": 12,
    "capitals and full stops, many fillers (um, uh, like, you know, I mean) and broken-off starts": 12,
}
_LENGTHS = {(10, 18): 10, (18, 30): 17, (35, 60): 20, (60, 85): 22, (85, 130): 17, (130, 180): 10, (220, 300): 4}
_EMPTY_SHARE = {"passing": 0.42, "plain": 0.12, "winding": 0.06, "dry": 0.08, "raw": 0.03, "weekly": 0.12, "aftermath": 0.03, "bright": 0.08}


def _pick(rng: random.Random, weights: dict) -> object:
    return rng.choices(list(weights), weights=list(weights.values()))[0]


def _wishes(rng: random.Random) -> list[str]:
    """Everything that should be said somewhere in the corpus, in random order."""
    wishes = []
    for family, count in _FEELINGS.items():
        for _ in range(count):
            turn = _pick(rng, _FEELING_TURNS)
            wishes.append(f"feeling `{family}`, by {_pick(rng, _FEELING_WAYS)}" + (f", {turn}" if turn else ""))
    for need in _NEEDS:
        for _ in range(_OF_EACH_NEED):
            turn = _pick(rng, _NEED_TURNS)
            wishes.append(f"need `{need}`, {_pick(rng, _NEED_WAYS)}" + (f", {turn}" if turn else ""))
    for act, (count, ways) in _ACTS.items():
        wishes.extend(f"{act}: {ways[i % len(ways)]}" for i in range(count))
    rng.shuffle(wishes)
    return wishes


def cards() -> Iterator[tuple[str, str, str]]:
    """(batch, id, card) of every text to write."""
    rng = random.Random(SEED)  # noqa: S311 - variety, not secrecy
    plans = []
    for batch in BATCHES:
        for number in range(1, CARDS_IN_BATCH + 1):
            low, high = _pick(rng, _LENGTHS)
            empty = rng.random() < _EMPTY_SHARE[batch]
            plans.append([batch, f"{batch}-{number:03}", low, high, empty, []])
    slots = []
    for plan in plans:
        if not plan[4]:
            weight = 1 if plan[3] <= 30 else 2 if plan[3] <= 85 else 3 if plan[3] <= 130 else 4 if plan[3] <= 180 else 6
            slots.extend([plan] * weight)
    rng.shuffle(slots)
    for wish, plan in zip(_wishes(rng), itertools.cycle(slots), strict=False):
        plan[5].append(wish)
    for batch, id_, low, high, empty, wishes in plans:
        near = rng.random() < (0.8 if empty else 0.3)
        asked = wishes[:6] if wishes else ["nothing to tag: no feeling, need, ask, verdict or absolute at all"]
        if near:
            asked.append(f"near miss, not to be tagged: {rng.choice(_NEAR_MISSES)}")
        who = f"{rng.choice(_AGES)}, {rng.choice(_ENGLISHES)}, {rng.choice(_LIVES)}"
        yield batch, id_, (
            f"{id_} | {low}-{high} words | {who} | about: {rng.choice(_TOPICS)} | {_pick(rng, _FORMS)}\n"
            + "\n".join(f"    * {wish}" for wish in asked)
        )


def main(folder: str) -> None:
    """Write the cards, forty to a file."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for batch, group in itertools.groupby(cards(), key=lambda card: card[0]):
        texts = [card for _, _, card in group]
        for start in range(0, len(texts), CARDS_IN_FILE):
            path = Path(folder) / f"{batch}-{start // CARDS_IN_FILE + 1}.txt"
            path.write_text("\n".join(texts[start : start + CARDS_IN_FILE]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
