"""Our own small dictionary: sources' genre words -> our genres, and the words that give a mood or a theme away."""

from __future__ import annotations

from collections.abc import Mapping


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split(", "))


# What several sources call the same thing, in lower case.
_SAID: Mapping[tuple[str, ...], str] = {
    ("Science Fiction",): "sci-fi, scifi, science fiction",
    ("Science Fiction", "Fantasy"): "sci-fi & fantasy",
    ("Documentary",): "science & nature, animals & nature, documentation, documentaries, docuseries",
    ("Action", "Adventure"): "action & adventure, action-adventure",
    ("War", "Politics"): "war & politics",
    ("War",): "military and war",
    ("Family",): "children, children & family, kids, kids'",
    ("Documentary", "Reality"): "docuseries & reality",
    ("History",): "historical",
    ("Biography",): "biographical",
    ("Drama",): "dramas, soap",
    ("Comedy",): "comedies, sitcom, parody, sketch comedy",
    ("Stand-Up",): "stand up, stand-up comedy",
    ("Stand-Up", "Talk"): "stand-up comedy & talk",
    ("Thriller",): "thrillers, suspense, spy/espionage",
    ("Mystery",): "mysteries",
    ("Romance",): "romantic",
    ("Music",): "musical, musicals, music & musicals, music videos and concerts, concert film",
    ("Sport",): "sports",
    ("Anime", "Animation"): "anime",
    ("Animation",): "cartoons, adult animation",
    ("Film Noir",): "film-noir, noir",
    ("Crime",): "police/cop",
    ("Reality",): "unscripted",
    ("Game Show",): "game shows, game, game show / competition",
    ("Talk",): "talk, talk show and variety, late night, variety",
    ("Independent",): "independent, arthouse",
    ("Faith",): "faith & spirituality, faith and spirituality",
    ("LGBTQ",): "lgbtq, lgbtq+",
    ("Food",): "cooking & food",
    ("Teen",): "coming of age, young adult audience",
}
# Formats, places in a menu and labels that say nothing about what a title is like.
_NO_GENRE = (
    "imax, international, entertainment, special interest, arts, and culture, lifestyle, lifestyle & culture,"
    " anthology, classic, classics, classic & cult, cult, (no genres listed)"
)
GENRES: Mapping[str, tuple[str, ...]] = {
    **{word: genres for genres, words in _SAID.items() for word in _words(words)},
    **dict.fromkeys(_words(_NO_GENRE), ()),
}
GENRE_FILLERS = frozenset(_words("features, film, films, movie, movies, series, show, shows, tv"))

# Tags and keywords about a copy, a list or the credits rather than about the title.
NOT_ABOUT_THE_TITLE = frozenset(
    _words(
        "3d, aftercreditsstinger, duringcreditsstinger, dvd, dvd-video, imax, imdb top 250, in netflix queue,"
        " netflix, own, owned, rewatch, seen, to see, to watch, vhs, watched"
    )
)

# A mood or theme: genres that hint at it (how much evidence each is), and words and phrases that do.
Cues = tuple[Mapping[str, float], str]

MOODS: Mapping[str, Cues] = {
    "bleak": (
        {"Film Noir": 0.5, "War": 0.4, "Drama": 0.1},
        "bleak, hopeless, despair, depressing, doom, misery, ruined, dystopia, post-apocalyptic, holocaust,"
        " addiction, suicide, famine, starving, genocide, torture, terminally ill, prostitution, extreme violence,"
        " nihilism",
    ),
    "cosy": (
        {"Family": 0.3},
        "cosy, cozy, village, bakery, christmas, holiday, cottage, cat, tea, inn, bookshop, baking, gentle,"
        " neighbour, countryside, feel-good",
    ),
    "dark": (
        {"Crime": 0.4, "Thriller": 0.3, "Horror": 0.5, "Film Noir": 1.0},
        "dark, murder, murdered, killer, killing, evil, death, sadistic, brutal, corpse, psychopath, serial killer,"
        " obsession, disturbing, macabre, sinister, twisted, violence, neo-noir, dark comedy, black comedy, rape",
    ),
    "dreamlike": (
        {"Fantasy": 0.3},
        "dream, dreamlike, surreal, hallucination, hallucinatory, vision, subconscious, memory, nightmare, trance,"
        " mysterious, parallel world, alternate reality, psychedelic, imagination, time travel, mindfuck",
    ),
    "eerie": (
        {"Horror": 1.0, "Mystery": 0.4},
        "eerie, creepy, haunted, haunting, ghost, supernatural, demon, possessed, witch, vampire, zombie, monster,"
        " curse, paranormal, seance, terrifying, sinister, strange, disappears, gothic, spirit, exorcism,"
        " atmospheric, satanic cult",
    ),
    "epic": (
        {"War": 0.3, "Adventure": 0.3, "History": 0.4, "Fantasy": 0.3},
        "epic, empire, kingdom, king, queen, battle, army, legend, legendary, quest, prophecy, conquer, emperor,"
        " throne, galaxy, destiny, warrior, ancient, civilization, saga, saving the world, historical figure, space"
        " opera",
    ),
    "funny": (
        {"Comedy": 1.0, "Stand-Up": 1.0},
        "funny, hilarious, comedy, zany, wacky, antics, mishap, prank, slapstick, goofy, screwball, farce, spoof,"
        " parody, humor, humorous, joke, stand-up, misadventure, hilarity, bumbling, witty, sarcasm",
    ),
    "gritty": (
        {"Crime": 0.5, "War": 0.4, "Western": 0.3, "Action": 0.1},
        "gritty, gang, gangster, drug, dealer, street, undercover, cop, corrupt, mafia, mob, hitman, prison,"
        " convict, slum, junkie, heroin, cocaine, ghetto, organized crime, police brutality, vigilante, drug dealer,"
        " shootout",
    ),
    "heartwarming": (
        {"Family": 0.6, "Romance": 0.1},
        "heartwarming, touching, adopt, adopted, orphan, unlikely friendship, friendship, bond, reunite, puppy,"
        " dog, kindness, grandfather, grandmother, christmas, feel-good, lonely boy, emotional",
    ),
    "inspiring": (
        {"Biography": 0.4, "Sport": 0.4},
        "inspiring, inspirational, inspire, true story, based on true story, overcome, triumph, underdog,"
        " determination, against all odds, coach, champion, teacher, courage, perseverance, pioneer, dream of,"
        " biography, activist",
    ),
    "melancholic": (
        {"Drama": 0.3},
        "melancholic, melancholy, loneliness, lonely, grief, grieving, mourn, loss, widow, widower, regret, sorrow,"
        " heartbroken, dying, estranged, sadness, bittersweet, nostalgia, aging, divorce, cancer, funeral, tragic,"
        " depression, dying and death, loss of lover",
    ),
    "nostalgic": (
        {"History": 0.2},
        "nostalgic, nostalgia, childhood, summer, reunion, remember, memories, 1950s, 1960s, 1970s, 1980s,"
        " hometown, youth, old friend, high school, flashback, reminisce, years later, growing up, golden age,"
        " classic",
    ),
    "playful": (
        {"Animation": 0.5, "Family": 0.4, "Comedy": 0.3},
        "playful, mischievous, toy, caper, trick, scheme, talking animal, fun, con artist, swap, disguise, magic,"
        " cartoon, heist, witty, party, clever, mischief",
    ),
    "romantic": (
        {"Romance": 1.0},
        "romantic, romance, love, fall in love, falls in love, falling in love, lover, wedding, bride, groom,"
        " passion, love affair, soulmate, kiss, marry, engaged, girlfriend, boyfriend, love at first sight, romantic"
        " comedy",
    ),
    "satirical": (
        {},
        "satire, satirical, parody, spoof, lampoon, mockumentary, bureaucracy, media, politician, absurd, dark"
        " comedy, black comedy, social commentary, corporate, advertising, hypocrisy, irony, consumerism, celebrity,"
        " sarcasm",
    ),
    "tense": (
        {"Thriller": 1.0, "Crime": 0.2, "Mystery": 0.3},
        "tense, suspense, hostage, kidnapped, kidnapping, trapped, stalk, stalker, deadly, cat-and-mouse,"
        " conspiracy, race against time, threat, escape, blackmail, bomb, paranoia, siege, submarine, twist ending,"
        " terrorist, manhunt",
    ),
    "thoughtful": (
        {"Documentary": 0.4, "Drama": 0.2},
        "thoughtful, thought-provoking, philosophical, philosophy, meaning of life, explores, examines,"
        " existential, reflection, moral, dilemma, conscience, ethics, intelligent, cerebral, psychology, society,"
        " religion, interviews, contemplate, faith",
    ),
    "thrilling": (
        {"Action": 0.8, "Adventure": 0.4, "Thriller": 0.3},
        "thrilling, action-packed, chase, explosion, mission, spy, secret agent, assassin, heist, rescue, fight,"
        " escape, car chase, superhero, martial arts, martial artist, alien invasion, dinosaur, showdown, cia, fbi"
        " agent, car race",
    ),
    "uplifting": (
        {"Family": 0.3, "Music": 0.4, "Sport": 0.4},
        "uplifting, hope, second chance, joy, triumph, dance, singing, choir, success, celebrate, courage, new"
        " life, happiness, overcome, feel-good, believe, inspirational, underdog, win",
    ),
    "whimsical": (
        {"Fantasy": 0.4, "Animation": 0.4, "Family": 0.3},
        "whimsical, quirky, eccentric, enchanted, fairy, fairy tale, magical, talking animal, princess, wizard,"
        " wonderland, magic, toy, peculiar, curious, inventor, candy, imaginary friend, offbeat, circus, puppet,"
        " wish",
    ),
}

THEMES: Mapping[str, Cues] = {
    "artificial intelligence": (
        {"Science Fiction": 0.2},
        "artificial intelligence, robot, android, cyborg, machine, sentient, computer, self-aware, supercomputer",
    ),
    "artistic ambition": (
        {"Music": 0.3},
        "artist, painter, musician, singer, band, writer, novelist, dancer, ballet, actor, actress, film director,"
        " poet, playwright, rock star, music, fame, stage, theatre, theater, composer, songwriter, broadway,"
        " audition, movie business, filmmaking",
    ),
    "class and money": (
        {},
        "rich, wealthy, poor, poverty, working class, upper class, aristocrat, servant, maid, millionaire,"
        " billionaire, inheritance, wall street, greed, money, fortune, butler, debt, high society, class"
        " differences",
    ),
    "coming of age": (
        {"Teen": 1.0},
        "coming of age, teenager, teenage, adolescence, adolescent, high school, growing up, grow up, puberty,"
        " boyhood, girlhood, summer camp, becoming an adult, youth, schoolboy, prom, virginity, fifteen-year-old,"
        " teen movie",
    ),
    "community": (
        {},
        "community, village, small town, neighbourhood, neighborhood, locals, residents, parish, townspeople,"
        " church, together, inhabitants, tribe",
    ),
    "conspiracy": (
        {},
        "conspiracy, cover-up, secret society, government agency, cia, whistleblower, plot, assassination,"
        " espionage, secret organization, framed, intelligence agency, double agent, spy, surveillance",
    ),
    "crime and consequence": (
        {"Crime": 0.6, "Film Noir": 0.5},
        "murder, robbery, heist, thief, criminal, gangster, prison, convict, bank robber, hitman, mafia, mob, drug"
        " dealer, detective, serial killer, ex-con, fugitive, getaway, organized crime, manslaughter",
    ),
    "exploration": (
        {"Adventure": 0.2},
        "expedition, explorer, voyage, space travel, space, astronaut, uncharted, discover, discovery, journey,"
        " treasure, jungle, lost world, ocean, planet, mars, moon, antarctic, north pole, deep sea",
    ),
    "faith and doubt": (
        {"Faith": 1.0},
        "faith, religion, religious, priest, nun, church, god, jesus, bible, monk, christian, catholic, rabbi,"
        " pastor, miracle, guardian angel, prayer, buddhist, muslim, missionary, devil, exorcism",
    ),
    "family bonds": (
        {"Family": 0.4},
        "family, brother, sister, siblings, father, mother, son, daughter, twin, cousins, grandmother, grandfather,"
        " reunion, family relationships, dysfunctional family, father son relationship, estranged",
    ),
    "first love": (
        {"Romance": 0.3, "Teen": 0.3},
        "first love, crush, high school sweetheart, summer romance, girl next door, young love, teenage love,"
        " boyfriend, girlfriend, prom, love at first sight, childhood sweetheart, young lovers",
    ),
    "forbidden love": (
        {"Romance": 0.2},
        "forbidden love, affair, adultery, infidelity, extramarital affair, mistress, secret love, star-crossed,"
        " love triangle, seduction, illicit, forbidden, gay, lesbian, homosexuality, unfaithful",
    ),
    "found family": (
        {},
        "orphan, adopted, adoption, foster, misfits, ragtag, unlikely friends, surrogate, outcasts, band of, crew,"
        " takes in, makeshift family, runaway, guardian",
    ),
    "freedom": (
        {},
        "freedom, slave, slavery, escape, liberty, rebellion, rebel, prisoner, prison, revolution, resistance,"
        " oppression, uprising, independence, road trip, runaway, liberation, prison escape, dictatorship, tyranny",
    ),
    "friendship": (
        {},
        "friendship, friend, best friend, pals, buddies, buddy, male friendship, female friendship, childhood"
        " friends, roommates, unlikely duo, old friends, gang of friends, companion",
    ),
    "good versus evil": (
        {"Fantasy": 0.3},
        "evil, good vs evil, villain, superhero, dark lord, save the world, saving the world, wizard, chosen one,"
        " demon, hero, supervillain, marvel comic, dc comics, super powers, saviour, antichrist, prophecy",
    ),
    "grief and loss": (
        {},
        "grief, grieving, mourn, mourning, loss, death of, widow, widower, dead wife, dead husband, funeral, dying,"
        " loss of father, loss of mother, loss of child, loss of lover, dying and death, bereaved, tragedy, cancer,"
        " lost his",
    ),
    "growing old": (
        {},
        "elderly, old man, old woman, aging, retirement, retired, retirement home, dementia, senior, alzheimer,"
        " aged, midlife crisis, mid-life crisis, veteran, nursing home, grandfather, old age, pensioner",
    ),
    "identity": (
        {},
        "identity, secret identity, amnesia, double life, impostor, impersonate, disguise, gender, transgender,"
        " mistaken identity, who he really is, body swap, alter ego, doppelganger, cross dressing, self-discovery,"
        " memory, switches places, homosexuality",
    ),
    "immigration and belonging": (
        {},
        "immigrant, immigration, refugee, exile, border, culture clash, homeland, foreigner, emigrate, migrant, new"
        " country, illegal immigrant, diaspora, asylum, stranger in, deported",
    ),
    "isolation": (
        {},
        "isolated, isolation, alone, stranded, remote, solitude, island, cabin, recluse, lonely, loneliness,"
        " deserted, abandoned, lost in space, marooned, snowed in, solitary, cut off, hermit",
    ),
    "justice": (
        {"Crime": 0.2, "Western": 0.3},
        "justice, court, trial, lawyer, attorney, judge, jury, wrongly accused, innocent man, death row, sheriff,"
        " lawsuit, investigation, vigilante, courtroom, death penalty, law, marshal, court case, prosecutor, falsely"
        " accused",
    ),
    "loyalty and betrayal": (
        {},
        "betrayal, betray, betrayed, loyalty, loyal, double-cross, double-crossed, traitor, undercover, informant,"
        " deception, treachery, honor, honour, brotherhood, spy, mole, oath, samurai",
    ),
    "madness": (
        {},
        "madness, insane, insanity, mental illness, psychiatrist, psychiatric, asylum, psychopath, psychotic,"
        " delusion, schizophrenia, paranoia, nervous breakdown, mental hospital, hallucination, deranged, sanity,"
        " unhinged, psycho",
    ),
    "marriage and its strains": (
        {},
        "marriage, married, divorce, husband, wife, newlywed, marital, separation, adultery, infidelity, marriage"
        " crisis, ex-wife, ex-husband, spouse, extramarital affair, wife husband relationship, unfaithful",
    ),
    "myth and legend": (
        {"Fantasy": 0.4},
        "legend, myth, mythology, mythical, folklore, fairy tale, gods, greek, viking, king arthur, dragon, sword,"
        " hercules, sorcerer, witch, enchanted, unicorn, ancient, sword and sorcery, prophecy, mermaid",
    ),
    "nature and the wild": (
        {},
        "nature, wilderness, wild, animal, forest, mountain, ocean, wolf, bear, whale, jungle, safari, horse,"
        " penguin, environment, climate, shark, desert, savannah, wildlife, dog, sea, animals, elephant, dolphin",
    ),
    "obsession": (
        {},
        "obsession, obsessed, obsessive, stalker, fixation, compulsive, infatuated, addicted, addiction, stalking,"
        " consumed by, possessive, infatuation, perfectionist",
    ),
    "parenthood": (
        {},
        "parent, parents, single mother, single father, pregnant, pregnancy, baby, custody, stepmother, stepfather,"
        " fatherhood, motherhood, mother, father, newborn, raise, children, father daughter relationship, mother"
        " daughter relationship, mother son relationship, father son relationship, nanny, babysitter",
    ),
    "politics": (
        {"Politics": 1.0},
        "politics, political, president, election, senator, governor, government, politician, prime minister,"
        " campaign, congress, white house, revolution, communist, regime, usa president, activist, mayor, washington",
    ),
    "power and corruption": (
        {},
        "corruption, corrupt, dictator, mafia, tycoon, crime boss, empire, greed, scandal, blackmail, crooked,"
        " abuse of power, political corruption, ruthless, mob boss, politician, bribery, cartel, police corruption",
    ),
    "prejudice": (
        {},
        "prejudice, racism, racist, segregation, discrimination, homophobia, sexism, civil rights, apartheid, ku"
        " klux klan, bigotry, intolerance, anti-semitism, holocaust, black people, race relations, neo-nazi,"
        " disability",
    ),
    "redemption": (
        {},
        "redemption, redeem, second chance, atone, guilt, forgiveness, ex-con, turn his life around, past catches"
        " up, washed-up, recovering, alcoholic, rehabilitation, make amends, last chance, remorse, start over",
    ),
    "revenge": (
        {},
        "revenge, vengeance, avenge, avenging, vendetta, vengeful, retribution, payback, get even, wronged, retaliate",
    ),
    "sacrifice": (
        {"War": 0.2},
        "sacrifice, sacrifices, martyr, save his, save her, soldier, gives up, self-sacrifice, heroism, duty, selfless",
    ),
    "survival": (
        {"Horror": 0.2},
        "survival, survive, survivor, stranded, shipwreck, plane crash, disaster, zombie, apocalypse, post-"
        " apocalyptic, outbreak, virus, trapped, wilderness, earthquake, avalanche, epidemic, castaway, island,"
        " slasher, life and death",
    ),
    "technology and society": (
        {"Science Fiction": 0.4},
        "technology, computer, internet, hacker, virtual reality, future, futuristic, dystopia, surveillance,"
        " cyberpunk, scientist, experiment, genetic, cloning, clone, social media, robot, invention, nuclear,"
        " simulation",
    ),
    "the unknown": (
        {"Mystery": 0.3, "Horror": 0.2},
        "unknown, alien, ufo, extraterrestrial, supernatural, paranormal, mysterious, unexplained, strange,"
        " haunted, ghost, creature, otherworldly, vanished, disappearance, alien invasion, mysteriously",
    ),
    "time and memory": (
        {},
        "memory, memories, amnesia, time travel, remember, flashback, forgotten, time loop, nostalgia, years later,"
        " childhood memory, future self, back in time, time machine",
    ),
    "underdog": (
        {"Sport": 0.6},
        "underdog, boxer, boxing, coach, championship, loser, misfits, tournament, against all odds, baseball,"
        " football, american football, basketball, competition, contest, unlikely hero, hockey, sport",
    ),
    "war and its cost": (
        {"War": 1.0},
        "war, world war ii, world war i, vietnam, soldier, battlefield, troops, army, nazi, nazis, holocaust, civil"
        " war, veteran, occupied, vietnam war, platoon, concentration camp, prisoner of war, iraq",
    ),
}
