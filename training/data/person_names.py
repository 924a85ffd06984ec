"""Names of people: real ones, and made-up ones so that copying is learnt and not a list."""

from __future__ import annotations

import random

from training.data.chat import listed

REAL = listed("""Ada Adam Agnes Ahmed Aiko Alan Albert Alex Alice Amal Amelia Amir Amy Ana Andrea Andrew Angela Anita Anna Anton
Arthur Astrid Barbara Beatrice Ben Bernard Bianca Bob Boris Brenda Brian Bruno Carla Carlos Carmen Carol Cecilia Charles
Charlotte Chen Chloe Chris Clara Claudia Colin Connor Cora Dan Daniel Daria David Deborah Dennis Diana Diego Dmitri Dora
Doris Edith Edward Elena Eleanor Eli Elizabeth Ella Emil Emily Emma Eric Erika Esther Ethan Eva Evan Felix Fatima Fiona
Florence Frank Fred Gabriel George Georgia Gerald Gina Grace Greta Gustav Hana Hannah Harold Harry Hassan Heidi Helen Henry
Hugo Ian Ibrahim Ines Ingrid Irene Iris Isaac Isabel Ivan Jack Jacob James Jan Jane Jasmine Jean Jenny Jim Joan Johan John
Jonas Jorge Joseph Judith Julia Julian Karen Karl Kate Kenji Kevin Kim Lars Laura Leo Lena Liam Lily Linda Lisa Liz Lola
Louis Lucas Lucia Lucy Luke Luna Magda Malik Marco Margaret Maria Marie Mark Martha Martin Mary Mateo Matilda Max Maya Mei
Mia Michael Miguel Mila Milo Mina Miriam Mohamed Molly Mona Nadia Nancy Naomi Natasha Nell Nick Nina Noah Noor Nora Olaf
Oliver Olivia Omar Oscar Otto Pablo Patrick Paul Paula Pedro Penelope Peter Philip Pia Quentin Rachel Ralf Ravi Rebecca
Rita Robert Rosa Rose Roy Ruby Ruth Ryan Sally Sam Samir Sandra Sara Sasha Scott Selma Sergio Simon Sofia Sonia Stella
Steve Sunita Susan Sven Sylvia Tamara Tara Teresa Theo Thomas Tim Tina Tobias Tom Tony Ursula Uma Vera Victor Vincent
Viola Walter Wanda Wendy William Xenia Yara Yasmin Yuki Yusuf Yvonne Zara Zoe
Abigail Adelaide Adrian Agatha Alastair Aldous Alexander Alfred Alma Alonso Ambrose Anastasia Angus Annabel Antonia April
Archibald Aria Arnold Aurora Benedict Bertha Beverly Bridget Caleb Camilla Casper Celeste Clarence Clementine Clifford
Constance Cordelia Cornelius Cyril Dahlia Damian Delia Desmond Dominic Dorothy Edgar Edmund Edwina Egon Elias Eliza Elvira
Ernest Eugene Eunice Evelyn Ezra Faith Felicity Ferdinand Flora Francesca Franklin Frederick Gareth Genevieve Geoffrey
Gilbert Giovanni Gloria Gordon Griselda Gwendolyn Harriet Hector Henrietta Herbert Hilda Horace Ida Ignatius Igor Ilse Ira
Irma Isabella Isidor Isla Ivy Jasper Jemima Jeremiah Jocelyn Josephine Juliet Justin Katarina Kenneth Kirsten Lavinia
Leander Leonard Leopold Lester Lorenzo Lucinda Ludwig Lydia Mabel Malcolm Marcel Marigold Marjorie Maximilian Melissa
Meredith Mildred Millicent Minerva Montgomery Mortimer Muriel Nathaniel Nikolai Norbert Octavia Odette Olga Ophelia Orlando
Orson Osmund Percival Philippa Phoebe Primrose Priya Prudence Quincy Ramona Raphael Raymond Reginald Roderick Roland
Rosalind Roxanne Rudolf Sebastian Serena Seymour Sibyl Siegfried Stanley Sullivan Tabitha Tatiana Thaddeus Theodora Tiberius
Ulrich Umberto Una Ursula Valentina Verity Veronica Virgil Vivian Wallace Walpurga Wilhelmina Wolfgang Yolanda Zachary""")

ONSETS = listed("b br c ch cl d dr f fl g gr h j k kl l m n p ph pr qu r s sh st t th tr v w y z")
VOWELS = listed("a a e e i o u ai ea ei ia io ou")
CODAS = ["", "", "", "l", "n", "r", "s", "x", "m", "d", "th", "ld", "rt", "nd", "ck"]


def made_up(rng: random.Random, most: int = 3) -> str:
    """A pronounceable word of two or three syllables that is probably no word; one in four starts with a vowel."""
    word = "".join(rng.choice(ONSETS) + rng.choice(VOWELS) + rng.choice(CODAS) for _ in range(rng.randint(2, most)))
    return word.lstrip("bcdfghjklmnpqrstvwxyz") if rng.random() < 0.25 else word


def person(rng: random.Random) -> str:
    return rng.choice(REAL) if rng.random() < 0.45 else made_up(rng).capitalize()
