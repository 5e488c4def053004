-- en: In Chinese: cases of 2026 by month of closing as a Chinese reader sees them
-- zh: 中文标题：2026 年受理的个案按关闭月份
with facts as (
  select case strftime('%m', closed_date) when '01' then '一月' when '02' then '二月' when '03' then '三月'
           when '04' then '四月' when '05' then '五月' when '06' then '六月' when '07' then '七月' when '08' then '八月'
           when '09' then '九月' when '10' then '十月' when '11' then '十一月' when '12' then '十二月' else '（未填写）' end as month,
         strftime('%Y', closed_date) as year, minutes_to_close
  from service_case where strftime('%Y', opened_date) = '2026')
select month, count(*), count(minutes_to_close) from facts group by year, month
union all select '合计', count(*), count(minutes_to_close) from facts
