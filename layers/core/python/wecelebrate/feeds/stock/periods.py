"""Recognises words that distinguish several stocks of the same place, as in `Stock inicial` and `Stan księgowy`.

The columns contain the same pieces at different times, or counted in different ways. They are never added up.
"""

import re
from collections.abc import Collection

from wecelebrate.feeds.columns.facts import Facts
from wecelebrate.feeds.columns.names import fold
from wecelebrate.feeds.vocabulary.words import words

MAX_NAME = 60
_TOKENS = re.compile(r"[^\W_]+")
_NUMBER = re.compile(r"\s*-?\d{1,9}(?:[.,]\d{1,3})?\s*", re.ASCII)


def _folded(text: str) -> frozenset[str]:
    return frozenset(map(fold, words(text)))


_PERIODS = _folded(
    "initial opening closing beginning starting ending previous prior theoretical final booked adjusted difference "
    "variance diff "
    "anfang anfangs schluss vorjahr vormonat vortag vorperiode theoretisch theoretischer tatsachlich tatsachlicher "
    "rechnerisch rechnerischer buchmassig differenz abweichung "
    "initiale initiaux finale finaux precedent precedente anterieur anterieure theorique reel reelle comptable ecart "
    "cloture ouverture debut "
    "inicial inicio anterior previo teorico teorica contable apertura cierre diferencia "
    "iniziale contabile contabil reale effettivo effettiva chiusura differenza inizio "
    "diferenca abertura fechamento atual "
    "poczatkowy poczatkowa poczatkowe koncowy koncowa koncowe ksiegowy ksiegowa rzeczywisty rzeczywista rzeczywiste "
    "teoretyczny teoretyczna poprzedni poprzednia aktualny aktualna roznica poczatek koniec otwarcia zamkniecia "
    "pocatecni konecny konecna pociatocny pociatocna ucetni uctovny skutecny skutecna skutocny skutocna predchozi "
    "predchadzajuci teoreticky rozdil rozdiel pocatek zaciatok "
    "theoretische werkelijk werkelijke boekhoudkundig boekhoudkundige vorige verschil "
    "ingaende utgaende primo ultimo foregaende forrige faktisk faktiske teoretisk teoretiske bokfort bogfort differens "
    "forskel forskjell verklig verkligt "
    "edellinen todellinen laskennallinen teoreettinen alussa lopussa "
    "nyito zaro kezdo elozo tenyleges konyvszerinti elmeleti elteres "
    "scriptic faptic teoretic "
    "baslangic acilis kapanis donembasi donemsonu onceki gercek teorik kaydi devir basi sonu "
    "awal akhir sebelumnya fisik selisih teoritis "
    "truoc "
    "pocetni pocetno pocetna krajnji krajnje zavrsni zavrsno zavrsna zacetni zacetna koncni koncna koncno stvarno "
    "stvarni stvarna prethodni prethodno knjigovodstveno knjigovodstveni razlika "
    "pradinis galutinis pradzia pabaiga faktinis sakuma beigu faktiskais algne loplik tegelik "
    "начальный начальная начальное начальные начало начала конечный конечная конечное конечные конец конца предыдущий "
    "предыдущее учетный учетное бухгалтерский фактический фактическое фактически теоретический расчетный расчетное "
    "разница початковий початкове кінцевий кінцеве початок кінець попередній фактичний обліковий "
    " початковий начална начално начален крайна крайно краен счетоводна почетно крајно почетна крајња "
    "αρχικο αρχικη αρχικα τελικο τελικη προηγουμενο λογιστικο πραγματικο θεωρητικο εναρξης ληξης "
    "期初 期末 期首 月初 月末 初期 帳簿 理論 前回 前月 当月 実地 上期 本期 账面 帳面 实际 差异 差異 "
    "기초 기말 장부 실제 실사 전월 당월 이월 "
    "افتتاحي ختامي سابق فعلي دفتري פתיחה סגירה קודם"
)
"""Words that are never a part of the name of a place."""
_PERIODS_OR_PARTS_OF_PLACES = _folded(
    "start begin end new old book yesterday today before after "
    "alt alte alter neu neue neuer ende soll vorher nachher heute gestern "
    "fin ancien nouveau avant apres depart hier nuevo nueva viejo antes despues ayer hoy fine vecchio nuovo "
    "ieri oggi fim novo velho antigo ontem hoje stary nowy nowa przed dzis nova novy stara konec konci "
    "eind oud oude nieuw nieuwe gisteren vandaag slut ny gammel gammal nytt alku loppu uusi vanha eski yeni son "
    "dau cuoi baru новый новая старый старая vechi nou sfarsit inceput"
)
"""Words that are also parts of names of places, such as `New York`. They are used only if a name has no other words."""
_BESIDE = _folded(
    "of the month year day period at in der des dem am im monat jahr tag periode du de la le mois an annee exercice "
    "periodo mes ano ejercicio dia del al mese anno giorno esercizio inizio do da no na mesiaca mesice roku okresu "
    "obdobi obdobia dnia miesiaca van het maand jaar dag periodu donem ay yil ky thang nam ngay bulan tahun hari "
    "periode period periodu месяца года дня периода период місяця року періоду"
)


def is_period(name: Collection[str]) -> bool:
    """Return whether words such as `end of month` distinguish a stock from other stocks. The words must be folded."""
    if any(word in _PERIODS for word in name):
        return True
    is_any = any(word in _PERIODS_OR_PARTS_OF_PLACES for word in name)
    return is_any and all(word in _PERIODS_OR_PARTS_OF_PLACES or word in _BESIDE for word in name)


_EARLIER = _folded(
    "initial opening beginning starting previous prior theoretical booked begin start old "
    "anfang anfangs vorjahr vormonat vortag vorperiode theoretisch theoretischer rechnerisch rechnerischer alt alter "
    "soll initiale debut precedent precedente anterieur theorique comptable ancien ouverture ecart "
    "inicial inicio anterior previo teorico contable apertura abertura viejo antigo "
    "iniziale contabile contabil vecchio inizio "
    "poczatkowy poczatkowa ksiegowy ksiegowa teoretyczny poprzedni poczatek stary pocatecni pociatocny ucetni uctovny "
    "predchozi teoreticky stara vorige theoretische oud oude ingaende primo foregaende forrige teoretisk bokfort "
    "bogfort gammel gammal alku alussa edellinen laskennallinen nyito kezdo elozo elmeleti scriptic inceput "
    "vechi baslangic acilis donembasi basi onceki teorik eski awal sebelumnya lama dau truoc pocetni pocetno zacetni "
    "zacetna prethodni pradinis sakuma algne начальный начальная начальное начало начала предыдущий учетный учетное "
    "бухгалтерский теоретический расчетный старый початковий початкове початок попередній обліковий "
    "начална начално начален счетоводна почетно αρχικο αρχικη προηγουμενο λογιστικο εναρξης 期初 期首 月初 初期 "
    "帳簿 理論 前回 前月 上期 账面 帳面 기초 장부 전월 이월 افتتاحي سابق دفتري פתיחה קודם"
)
"""Words for an earlier stock, or for a stock that was calculated and not counted."""


def is_earlier(column: str) -> bool:
    """Return whether a name means an earlier or a calculated stock. Any other stock in the file is preferred."""
    return any(fold(word) in _EARLIER for word in _TOKENS.findall(column[:MAX_NAME]))


def has_counts(facts: Facts) -> bool:
    """Return whether a value is a number other than 0 and 1.

    A column of 0 and 1, such as `Maintain Stock`, is not preferred, because it can say whether a product has a stock.
    """
    return any(_NUMBER.fullmatch(cell) and cell not in {"0", "1"} for cell in facts.cells)
