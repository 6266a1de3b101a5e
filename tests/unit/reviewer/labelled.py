"""Claims and the passages they cite, labelled by hand: whether the passage says what they say."""

from typing import NamedTuple


class Pair(NamedTuple):
    """A claim, the passage it cites, whether it is supported, and what it shows."""

    claim: str
    passage: str
    supported: bool
    shows: str


SHOP = "The shop opens at nine in the morning, and a loaf of rye bread costs four euros."
LEASE = "A lease holds ten seconds. A worker that stops sending heartbeats loses its task."
GARDEN = "Members of the garden pay a yearly fee of 48 euros, due by 1 March. Dogs are not allowed."
MUSEUM = "Anna Keller founded the museum in Bremen in 1921. It is closed on Mondays."
BACKUP = "Backups are made every night at 2:30 and kept for 30 days. They are never encrypted."
PUMP = "The pump delivers 4.5 litres per minute at a pressure of 3 bar. It must not run dry."
TRAIN = (
    "The train to Hamburg leaves from platform 7 before noon. Seats can be reserved for 5 euros."
)
DISK = "The cache is enabled by default and holds 512 MB. Writes are not buffered."
LADEN = "Der Laden öffnet um neun Uhr, und ein Roggenbrot kostet vier Euro. Hunde sind verboten."
VEREIN = "Der Jahresbeitrag beträgt 48 Euro und ist bis zum 1. März zu zahlen. Gäste zahlen nichts."
PUMPE = "Die Pumpe fördert 4,5 Liter pro Minute. Sie darf nicht trocken laufen."
ZUG = "Der Zug nach Hamburg fährt am Vormittag von Gleis 7. Eine Reservierung ist nicht nötig."

CORES = "The platform runs on two cores and needs 450 MB of memory, not more."
KEYS = "A request is refused unless it carries a key."
SALES = "Sales rose by 7% in 2024, after they had fallen in 2023."
VERTRAG = "Der Vertrag läuft 12 Monate und verlängert sich nicht."

PAIRS = [
    Pair("A loaf of rye bread costs four euros.", SHOP, True, "as it stands"),
    Pair("The shop opens at nine.", SHOP, True, "a part"),
    Pair("Rye bread is 4 euros a loaf.", SHOP, True, "a number in figures"),
    Pair("Rye bread is €4 a loaf.", SHOP, True, "a sign for the unit"),
    Pair("The shop opens at 9 in the morning.", SHOP, True, "a number in figures"),
    Pair("Leases hold for ten seconds.", LEASE, True, "another form"),
    Pair("A lease holds 10 s.", LEASE, True, "a short unit"),
    Pair("A worker without heartbeats loses its task.", LEASE, True, "without, said otherwise"),
    Pair("Members pay 48 euros by 1 March each year.", GARDEN, True, "another order"),
    Pair("The yearly fee of the garden is 48 euros.", GARDEN, True, "another order"),
    Pair("Dogs are not allowed in the garden.", GARDEN, True, "a negation on both sides"),
    Pair("Dogs aren't allowed.", GARDEN, True, "a short negation"),
    Pair("No dogs are allowed.", GARDEN, True, "another negation"),
    Pair("Anna Keller founded the museum in 1921.", MUSEUM, True, "names"),
    Pair("The museum was founded by Anna Keller in Bremen.", MUSEUM, True, "a passive"),
    Pair("The museum is closed on Mondays.", MUSEUM, True, "a pronoun resolved"),
    Pair("Backups are kept for 30 days.", BACKUP, True, "a part"),
    Pair("Every night at 2:30 backups are made.", BACKUP, True, "a time"),
    Pair("Backups are never encrypted.", BACKUP, True, "never on both sides"),
    Pair("Backups are not encrypted.", BACKUP, True, "never and not"),
    Pair("The pump delivers 4.5 l per minute.", PUMP, True, "a decimal"),
    Pair("The pump must not run dry.", PUMP, True, "must not"),
    Pair("The train to Hamburg leaves from platform 7.", TRAIN, True, "a name and a number"),
    Pair("Seats can be reserved for five euros.", TRAIN, True, "a number in words"),
    Pair("By default the cache is enabled.", DISK, True, "another order"),
    Pair("The cache holds 512 megabytes.", DISK, True, "a unit in full"),
    Pair("Writes are unbuffered.", DISK, True, "a prefix for a negation"),
    Pair("The cache is not disabled by default.", DISK, True, "two reversals"),
    Pair("Ein Roggenbrot kostet vier Euro.", LADEN, True, "German, as it stands"),
    Pair("Der Laden öffnet um 9 Uhr.", LADEN, True, "German, in figures"),
    Pair("Hunde sind im Laden verboten.", LADEN, True, "German, a pronoun resolved"),
    Pair("Bis zum 1. März sind 48 € Jahresbeitrag zu zahlen.", VEREIN, True, "German, a sign"),
    Pair("Die Pumpe darf nicht trocken laufen.", PUMPE, True, "German, a negation"),
    Pair("Eine Reservierung ist nicht nötig.", ZUG, True, "German, a negation"),
    Pair("The shop does not open at nine.", SHOP, False, "negated"),
    Pair("The shop closes at nine in the morning.", SHOP, False, "the opposite"),
    Pair("A loaf of rye bread costs five euros.", SHOP, False, "a number in words"),
    Pair("A loaf of rye bread costs four dollars.", SHOP, False, "a unit"),
    Pair("The shop opens at nine in the evening.", SHOP, False, "the opposite"),
    Pair("A lease holds ten minutes.", LEASE, False, "a unit"),
    Pair("A lease does not hold ten seconds.", LEASE, False, "negated"),
    Pair("A worker that stops sending heartbeats never loses its task.", LEASE, False, "never"),
    Pair("Dogs are allowed in the garden.", GARDEN, False, "a negation left out"),
    Pair("Dogs are allowed.", GARDEN, False, "a negation left out"),
    Pair("The yearly fee is 54 euros.", GARDEN, False, "a number"),
    Pair("Members pay a monthly fee of 48 pounds.", GARDEN, False, "a unit"),
    Pair("Peter Keller founded the museum in Bremen.", MUSEUM, False, "a first name"),
    Pair("Anna Keller founded the museum in Berlin.", MUSEUM, False, "a name"),
    Pair("The museum is open on Mondays.", MUSEUM, False, "the opposite"),
    Pair("The museum is closed on Tuesdays.", MUSEUM, False, "another day"),
    Pair("Backups are encrypted.", BACKUP, False, "a negation left out"),
    Pair("Backups are kept for 30 weeks.", BACKUP, False, "a unit"),
    Pair("Backups are made every night at 3:30.", BACKUP, False, "a time"),
    Pair("The pump may run dry.", PUMP, False, "a negation left out"),
    Pair("The pump delivers 45 litres per minute.", PUMP, False, "a decimal"),
    Pair("The train to Hannover leaves from platform 7.", TRAIN, False, "a name"),
    Pair("The train to Hamburg leaves after noon.", TRAIN, False, "the opposite"),
    Pair("Seats cannot be reserved.", TRAIN, False, "negated"),
    Pair("The cache is disabled by default.", DISK, False, "the opposite"),
    Pair("The cache holds 512 GB.", DISK, False, "a unit"),
    Pair("Writes are buffered.", DISK, False, "a negation left out"),
    Pair("Der Laden öffnet nicht um neun Uhr.", LADEN, False, "German, negated"),
    Pair("Ein Roggenbrot kostet fünf Euro.", LADEN, False, "German, a number"),
    Pair("Hunde sind erlaubt.", LADEN, False, "German, the opposite"),
    Pair("Gäste zahlen 48 Dollar.", VEREIN, False, "German, a unit"),
    Pair("Die Pumpe darf trocken laufen.", PUMPE, False, "German, a negation left out"),
    Pair("Eine Reservierung ist nötig.", ZUG, False, "German, a negation left out"),
    Pair("Der Zug nach Hamburg fährt von Gleis 8.", ZUG, False, "German, a number"),
    # Written after the rules; a clause beside a negation then led to one more.
    Pair("The fee is due no later than 1 March.", GARDEN, True, "no later than"),
    Pair("The platform runs on two cores.", CORES, True, "a part"),
    Pair("The platform needs 450 MB of memory.", CORES, True, "a clause beside a negation"),
    Pair("Requests without a key are refused.", KEYS, True, "unless and without"),
    Pair("In 2024 sales rose by 7 percent.", SALES, True, "a sign for the unit"),
    Pair("The museum, which Anna Keller founded, is in Bremen.", MUSEUM, True, "a relative clause"),
    Pair("Der Vertrag läuft zwölf Monate.", VERTRAG, True, "German, a number in words"),
    Pair("The platform does not run on two cores.", CORES, False, "negated"),
    Pair("Requests with a key are refused.", KEYS, False, "the opposite"),
    Pair("In 2024 sales fell by 7 percent.", SALES, False, "the opposite"),
    Pair("Der Vertrag verlängert sich.", VERTRAG, False, "German, a negation left out"),
    Pair("Der Vertrag läuft 12 Jahre.", VERTRAG, False, "German, a unit"),
    Pair("Nobody pays the fee of the garden.", GARDEN, False, "nobody"),
    Pair("Sales rose by 7% in 2023.", SALES, False, "numbers changed places"),
    # What wording does not show; counted all the same.
    Pair("The task loses its worker.", LEASE, False, "roles changed"),
    Pair("Der Zug nach Bremen fährt am Vormittag von Gleis 7.", ZUG, False, "German, a name"),
    Pair("The museum was founded after the year 2000.", MUSEUM, False, "arithmetic"),
    Pair("The pump needs little energy.", PUMP, False, "knowledge of the world"),
]
